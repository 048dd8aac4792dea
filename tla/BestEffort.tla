---- MODULE BestEffort ----
(* How one job is completed: core/Reliability, core/Jobs, core/Nodes. README.md maps actions to methods.

   The gates' ledger is one sequence of committed entries; with a view change the first of the uncommitted
   ones survive and the rest are lost (PerJobVsr). Completion has no entry of its own: the entry that makes it
   true carries it. A slot's results may come at any time, in any order, any number of times and with other
   outcomes than before; the deadline passes on the gates' clocks. *)
EXTENDS Naturals, Sequences, FiniteSets
CONSTANTS Slots, Mins, Efforts, Waits, Merges, MaxView, MaxInFlight,
          Bug          \* "none", or the name of the rule that is broken
VARIABLES terms,       \* the job's: best effort, datacenters that it needs, wait for all, late results merged
          led,         \* the ledger: state, why it completed, outcomes by slot, revision of the result
          props,       \* proposed and not committed: <<kind, slot, outcome>>
          due,         \* the deadline has passed
          view,
          ends,        \* ghost: how the job ended, <<state, reason, outcomes, was the deadline's entry in>>
          wrote,       \* ghost: how often a slot's outcome was written
          cancelled,   \* ghost: a cancellation was committed before the job's end
          told,        \* ghost: told to clients <<state, reason>>
          stopped      \* ghost: a slot was told to stop that the job still waited for
vars == <<terms, led, props, due, view, ends, wrote, cancelled, told, stopped>>

Init == /\ terms \in [effort : Efforts, min : Mins, wait : Waits, merge : Merges]
        /\ terms.effort \/ (terms.min = Cardinality(Slots) /\ ~terms.wait)
        /\ led = [st |-> "running", why |-> "", out |-> [s \in Slots |-> "open"], rev |-> 0]
        /\ props = <<>> /\ due = FALSE /\ view = 0
        /\ ends = {} /\ wrote = [s \in Slots |-> 0] /\ cancelled = FALSE /\ told = {} /\ stopped = FALSE

IsEnded(il) == il.st \in {"completed", "failed", "cancelled"}
Count(co, cv) == Cardinality({cs \in Slots : co[cs] = cv})

\* ---- check_completion, in the order of its rules: <<reason, success>>

IsEnough(eo) == terms.effort /\ Count(eo, "ok") >= terms.min
CanNot(no) == terms.effort /\ Count(no, "bad") > Cardinality(Slots) - terms.min
Check(ko, kd) ==
  CASE Count(ko, "open") = 0 -> <<"all", IsEnough(ko) \/ Count(ko, "ok") = Cardinality(Slots)>>
    [] Bug = "DeadlineFirst" /\ kd /\ Count(ko, "open") > 0 -> <<"deadline", IsEnough(ko)>>
    [] IsEnough(ko) /\ Count(ko, "open") > 0 /\ (~terms.wait \/ kd \/ Bug = "WaitsForNobody")
       /\ ~(Bug = "DeadlineFirst" /\ kd) -> <<"min", TRUE>>
    [] CanNot(ko) /\ Count(ko, "open") > 0 /\ Bug # "WaitsInVain" /\ ~(Bug = "DeadlineFirst" /\ kd) ->
         <<"unreachable", FALSE>>
    [] kd /\ ~IsEnough(ko) /\ Count(ko, "open") > 0 /\ (~CanNot(ko) \/ Bug = "WaitsInVain")
       /\ Bug # "DeadlineFirst" -> <<"deadline", Bug = "DeadlineSucceeds">>
    [] OTHER -> <<"waiting", FALSE>>

\* ---- the ledger: what a committed entry writes, and what the job comes to by that

\* A late result is merged where the terms say so and the job was waiting for it.
IsMerged(ml) == ml.why # "" /\ (terms.merge \/ Bug = "LateCounts")
Write(al, ae) ==
  CASE ae[1] = "report" /\ (al.out[ae[2]] = "open" \/ Bug = "ReportsAgain") /\ ~IsEnded(al) ->
         [al EXCEPT !.out[ae[2]] = ae[3]]
    [] ae[1] = "report" /\ al.out[ae[2]] = "open" /\ IsEnded(al) /\ IsMerged(al) ->
         [al EXCEPT !.out[ae[2]] = ae[3], !.rev = @ + 1, !.st = IF Bug = "LateDecides" THEN "running" ELSE @]
    [] ae[1] = "cancel" /\ al.st = "running" -> [al EXCEPT !.st = "cancelling"]
    [] ae[1] = "cancel" /\ IsEnded(al) /\ Bug = "CancelsWhatEnded" -> [al EXCEPT !.st = "cancelled"]
    [] OTHER -> al
End(nl, nc) == [nl EXCEPT !.st = IF nc[2] THEN "completed" ELSE "failed", !.why = nc[1]]
Settle(sl, se) ==
  CASE sl.st = "cancelling" /\ (Count(sl.out, "open") = 0 \/ se[1] = "deadline") /\ Bug # "CancelForgotten" ->
         [sl EXCEPT !.st = "cancelled"]
    [] (sl.st = "running" \/ (sl.st = "cancelling" /\ Bug = "CancelForgotten"))
       /\ (Bug # "CompletesApart" \/ se[1] \in {"complete", "deadline"})
       /\ Check(sl.out, se[1] = "deadline")[1] # "waiting" -> End(sl, Check(sl.out, se[1] = "deadline"))
    [] OTHER -> sl
Apply(bl, be) == Settle(Write(bl, be), be)

Ended(fl, fa, fe) ==
  IF IsEnded(fa) /\ <<fl.st, fl.why>> # <<fa.st, fa.why>>
  THEN {<<fa.st, fa.why, fa.out, fe[1] = "deadline">>} ELSE {}
Takes(tl, te) == \E written \in {Write(tl, te)} : \E na \in {Settle(written, te)} :
  /\ led' = na
  /\ ends' = ends \union Ended(tl, na, te)
  /\ wrote' = [ws \in Slots |-> IF na.out[ws] # tl.out[ws] THEN wrote[ws] + 1 ELSE wrote[ws]]
  /\ cancelled' = (cancelled \/ (te[1] = "cancel" /\ tl.st = "running"))

Commit ==
  /\ props # <<>>
  /\ Takes(led, Head(props)) /\ props' = Tail(props)
  /\ UNCHANGED <<terms, due, view, told, stopped>>

\* The primary falls between a result and its entry's commit: what survives, the next one commits.
ViewChange == view < MaxView /\ \E kept \in 0..Len(props) :
  /\ view' = view + 1 /\ props' = SubSeq(props, 1, kept)
  /\ UNCHANGED <<terms, led, due, ends, wrote, cancelled, told, stopped>>

\* ---- the primary

Propose(pe) ==
  /\ Len(props) < MaxInFlight /\ \A pi \in 1..Len(props) : props[pi] # pe
  /\ props' = Append(props, pe)

Report == \E s \in Slots : \E o \in {"ok", "bad"} :
  /\ \A ri \in 1..Len(props) : props[ri][1] # "report" \/ props[ri][2] # s
  /\ led.out[s] = "open" \/ Bug = "ReportsAgain"
  /\ Propose(<<"report", s, o>>)
  /\ told' = IF Bug = "TellsTooEarly" /\ IsEnded(Apply(led, <<"report", s, o>>))
             THEN told \union {<<Apply(led, <<"report", s, o>>).st, Apply(led, <<"report", s, o>>).why>>}
             ELSE told
  /\ UNCHANGED <<terms, led, due, view, ends, wrote, cancelled, stopped>>

Cancel ==
  /\ led.st = "running" \/ Bug = "CancelsWhatEnded"
  /\ Propose(<<"cancel", 0, "">>)
  /\ UNCHANGED <<terms, led, due, view, ends, wrote, cancelled, told, stopped>>

DeadlinePasses ==
  /\ ~due /\ due' = TRUE
  /\ UNCHANGED <<terms, led, props, view, ends, wrote, cancelled, told, stopped>>

Deadline ==
  /\ due \/ Bug = "DeadlineTooEarly"
  /\ ~IsEnded(led) /\ Propose(<<"deadline", 0, "">>)
  /\ UNCHANGED <<terms, led, due, view, ends, wrote, cancelled, told, stopped>>

\* Completion as an entry of its own, from what the primary makes of the ledger.
Completes ==
  /\ Bug = "CompletesApart"
  /\ led.st = "running" /\ Check(led.out, FALSE)[1] # "waiting" /\ Propose(<<"complete", 0, "">>)
  /\ UNCHANGED <<terms, led, due, view, ends, wrote, cancelled, told, stopped>>

\* What is asked is answered by what the ledger says.
Tell ==
  /\ IsEnded(led) /\ <<led.st, led.why>> \notin told
  /\ told' = told \union {<<led.st, led.why>>}
  /\ UNCHANGED <<terms, led, props, due, view, ends, wrote, cancelled, stopped>>

\* The slots that are open at the job's end, or when it is cancelled, are told to stop.
Withdraw == \E s \in Slots :
  /\ led.out[s] = "open" /\ ~stopped
  /\ \/ IsEnded(led) \/ led.st = "cancelling"
     \/ (Bug = "StopsTooEarly" /\ \E wi \in 1..Len(props) : IsEnded(Apply(led, props[wi])))
  /\ stopped' = (led.st = "running")
  /\ UNCHANGED <<terms, led, props, due, view, ends, wrote, cancelled, told>>

Next == \/ Commit \/ ViewChange \/ Report \/ Cancel \/ DeadlinePasses \/ Deadline \/ Completes \/ Tell
        \/ Withdraw
Spec == Init /\ [][Next]_vars

\* ---- invariants

\* A job ends once, and its end and the reason stay.
OneCompletion == /\ Cardinality(ends) <= 1
                 /\ \A ea \in ends : led.st = ea[1] /\ led.why = ea[2]
\* Success means enough: the minimum with best effort, all without.
SuccessIsEnough == \A eb \in ends : eb[1] = "completed" => Count(eb[3], "ok") >= terms.min
\* A slot's outcome is written once.
OutcomeOnce == \A os \in Slots : wrote[os] <= 1
\* What was cancelled before it was complete is not completed.
CancelWins == cancelled => led.st \in {"cancelling", "cancelled"}
\* Each reason holds where it is given, and none of an earlier rule does.
Reason(xc) ==
  CASE xc[2] = "all" -> Count(xc[3], "open") = 0
    [] xc[2] = "min" -> xc[1] = "completed" /\ terms.effort /\ Count(xc[3], "ok") >= terms.min
    [] xc[2] = "unreachable" -> xc[1] = "failed" /\ terms.effort 
         /\ Count(xc[3], "bad") > Cardinality(Slots) - terms.min
    [] xc[2] = "deadline" -> xc[1] = "failed" /\ xc[4]
    [] OTHER -> xc[1] = "cancelled"
Earlier(yc) ==
  CASE yc[2] = "min" -> Count(yc[3], "open") = 0 \/ (terms.wait /\ ~yc[4])
    [] yc[2] = "unreachable" -> Count(yc[3], "open") = 0
    [] yc[2] = "deadline" ->
         \/ Count(yc[3], "open") = 0
         \/ (terms.effort /\ Count(yc[3], "ok") >= terms.min)
         \/ (terms.effort /\ Count(yc[3], "bad") > Cardinality(Slots) - terms.min)
    [] OTHER -> FALSE
ReasonsInOrder == \A ec \in ends : Reason(ec) /\ ~Earlier(ec)
\* The deadline ends nothing before it has passed.
DeadlineIsPast == \A ed \in ends : ed[4] => due
\* Nothing is left to do once a result has made the job complete, whoever leads then.
CompletesAtOnce == led.st = "running" => Check(led.out, FALSE)[1] = "waiting"
\* After the end an outcome is added only where the terms say so.
LateAsAgreed == \A ee \in ends : led.out = ee[3] \/ (terms.merge /\ led.rev > 0 /\ ee[2] # "")
\* Everybody is told the same, and it is committed.
ToldIsCommitted == \A ta \in told : ta = <<led.st, led.why>>
\* No slot is told to stop that the job still waits for.
StopsUnwanted == ~stopped
====
