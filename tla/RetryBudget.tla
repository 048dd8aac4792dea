---- MODULE RetryBudget ----
(* One job's retry budget over its datacenters: core/Reliability, core/Jobs, core/Nodes. README.md maps
   actions to methods.

   The gates' ledger splits the budget into a share for every slot and a reserve; each slot has the ledger of
   its datacenter. PerJobVsr gives what is used of replication: a ledger is one sequence of committed entries,
   and with a view change the first of the uncommitted ones survive and the rest are lost, together with what
   the primary had in memory. A message stays in its set: it may arrive at any time, any number of times, or
   never, and so may whatever a primary sent that is none any more. *)
EXTENDS Naturals, Sequences, FiniteSets
CONSTANTS Slots, Workflows, Total, Cap, MaxGateViews, MaxViews, MaxInFlight, MaxThere,
          MayGiveUp,
          Bug          \* "none", or the name of the rule that is broken
VARIABLES led,         \* the gates' ledger: the reserve; each slot's share, its revision, whether it is open
          props,       \* proposed there and not committed: <<kind, slot, revision or used>>
          spent,       \* the gates' primary has heard that this slot used all of its share of this revision
          msgs,        \* <<kind, slot, revision, share or used, is it final>>
          dc,          \* by slot: share, revision, is it final, used, each workflow's state
          dprops,      \* by slot: proposed there and not committed, <<kind, workflow, attempt>>
          granted,     \* ghost: <<slot, workflow, attempt>> whose grant is committed
          ran,         \* ghost: <<slot, workflow, attempt>> that a worker was told to start
          gateViews, views
vars == <<led, props, spent, msgs, dc, dprops, granted, ran, gateViews, views>>
gates == <<led, props, spent, gateViews>>
managers == <<dc, dprops, granted, ran, views>>

Sum(f) == Cardinality({sp \in Slots \X (1..(2 * Total)) : sp[2] <= f[sp[1]]})
First == IF Bug = "SplitsUp" THEN (Total + Cardinality(Slots) - 1) \div Cardinality(Slots)
         ELSE Total \div Cardinality(Slots)

Init == /\ led = [reserve |-> IF First * Cardinality(Slots) < Total THEN Total - First * Cardinality(Slots)
                              ELSE 0,
                  share |-> [s \in Slots |-> First], rev |-> [s \in Slots |-> 0],
                  open |-> [s \in Slots |-> TRUE]]
        /\ props = <<>> /\ spent = {} /\ msgs = {} /\ granted = {} /\ ran = {}
        /\ dc = [s \in Slots |-> [share |-> First, rev |-> 0, final |-> FALSE, used |-> 0,
                                  wf |-> [w \in Workflows |-> [st |-> "ready", att |-> 0, used |-> 0]]]]
        /\ dprops = [s \in Slots |-> <<>>]
        /\ gateViews = 0 /\ views = 0

\* ---- the gates' ledger

Apply(al, ae) ==
  CASE ae[1] = "share" /\ al.open[ae[2]] /\ ae[3] = al.rev[ae[2]] + 1
       /\ (al.reserve > 0 \/ Bug = "GivesWhatIsGone") ->
         [al EXCEPT !.share[ae[2]] = @ + 1, !.rev[ae[2]] = ae[3],
                    !.reserve = IF @ > 0 THEN @ - 1 ELSE 0]
    [] ae[1] = "report" /\ al.open[ae[2]] /\ Bug # "ReturnsAll" ->
         [al EXCEPT !.open[ae[2]] = FALSE, !.share[ae[2]] = ae[3], !.reserve = @ + al.share[ae[2]] - ae[3]]
    [] ae[1] = "report" /\ al.open[ae[2]] /\ Bug = "ReturnsAll" ->
         [al EXCEPT !.open[ae[2]] = FALSE, !.share[ae[2]] = 0, !.reserve = @ + al.share[ae[2]]]
    [] OTHER -> al

GateCommit ==
  /\ props # <<>>
  /\ led' = Apply(led, Head(props)) /\ props' = Tail(props)
  /\ UNCHANGED <<spent, msgs, gateViews, managers>>

\* The first of what was proposed survive; the new primary leads when those are committed.
GateViewChange == gateViews < MaxGateViews /\ \E kept \in 0..Len(props) :
  /\ gateViews' = gateViews + 1 /\ props' = <<>> /\ spent' = {}
  /\ led' = CASE kept = 0 -> led
              [] kept = 1 -> Apply(led, props[1])
              [] OTHER -> Apply(Apply(led, props[1]), props[2])
  /\ UNCHANGED <<msgs, managers>>

\* ---- the gates' primary

\* Of one slot one entry at a time is under way.
ProposeSlot(pe) ==
  /\ Len(props) < MaxInFlight /\ \A i \in 1..Len(props) : props[i][2] # pe[2]
  /\ props' = Append(props, pe)
Shared(ts, tf) == <<"shared", ts, led.rev[ts], led.share[ts], tf>>
\* No slot has anything that it could give back.
IsAllSpent(heard) ==
  /\ led.reserve = 0
  /\ Bug = "FinalTooEarly" \/ (\A ss \in Slots :
    \/ ~led.open[ss] \/ led.share[ss] = 0 \/ <<ss, led.rev[ss]>> \in heard
    \/ (Bug = "OldAskCounts" /\ \E hr \in heard : hr[1] = ss))

GivesMore == \E m \in msgs :
  LET s == m[2] IN
  /\ m[1] = "ask" /\ led.open[s] /\ m[3] = led.rev[s] /\ led.reserve > 0
  /\ ProposeSlot(<<"share", s, led.rev[s] + 1>>)
  /\ spent' = spent \union {<<s, m[3]>>}
  /\ msgs' = IF Bug = "SharesTooEarly"
             THEN msgs \union {<<"shared", s, led.rev[s] + 1, led.share[s] + 1, FALSE>>} ELSE msgs
  /\ UNCHANGED <<led, gateViews, managers>>

HasNoMore == \E m \in msgs :
  LET s == m[2] IN
  /\ m[1] = "ask" /\ led.open[s] /\ m[3] = led.rev[s] /\ led.reserve = 0
  /\ spent' = spent \union {<<s, m[3]>>}
  /\ msgs' = msgs \union {Shared(s, IsAllSpent(spent \union {<<s, m[3]>>}))}
  /\ UNCHANGED <<led, props, gateViews, managers>>

\* The answer was lost, or another primary of the datacenter asks.
TellsAgain == \E m \in msgs :
  LET s == m[2] IN
  /\ m[1] = "ask" /\ led.open[s] /\ m[3] < led.rev[s] /\ Shared(s, FALSE) \notin msgs
  /\ msgs' = msgs \union {Shared(s, FALSE)}
  /\ UNCHANGED <<led, props, spent, gateViews, managers>>

\* What the slot did not use of its share goes back.
TakesBack == \E m \in msgs :
  LET s == m[2] IN
  /\ m[1] = "finished" /\ led.open[s]
  /\ ProposeSlot(<<"report", s, m[4]>>)
  /\ UNCHANGED <<led, spent, msgs, gateViews, managers>>

\* ---- a datacenter's ledger; d is what it has for a slot, w the workflow

Decide(dd, dw) ==
  CASE dd.share = dd.used /\ (dd.final \/ dd.used >= Total) -> "none"
    [] dd.wf[dw].used >= Cap /\ Bug # "CapForgotten" -> "none"
    [] dd.share = dd.used -> "more"
    [] OTHER -> "grant"
Attempt(nd, nw) == nd.wf[nw].att + 1
MayGrant(gd, ge) ==
  /\ ge[3] = Attempt(gd, ge[2])
  /\ gd.wf[ge[2]].st = "retry" \/ (Bug = "GrantsAgain" /\ gd.wf[ge[2]].st = "ready" /\ ge[3] > 1)
  /\ Decide(gd, ge[2]) = "grant" \/ (Bug = "GrantsBeyondShare" /\ Decide(gd, ge[2]) = "more")

ApplyThere(td, te) ==
  CASE te[1] = "grant" /\ MayGrant(td, te) ->
         [td EXCEPT !.used = @ + 1, !.wf[te[2]].used = @ + 1, !.wf[te[2]].st = "ready"]
    [] te[1] = "start" /\ td.wf[te[2]].st = "ready" /\ te[3] = Attempt(td, te[2]) ->
         [td EXCEPT !.wf[te[2]].st = "run", !.wf[te[2]].att = te[3]]
    [] OTHER -> td
Granted(hs, hd, he) ==
  IF he[1] = "grant" /\ MayGrant(hd, he) THEN {<<hs, he[2], he[3]>>} ELSE {}

Commit == \E s \in Slots :
  /\ dprops[s] # <<>>
  /\ dc' = [dc EXCEPT ![s] = ApplyThere(dc[s], Head(dprops[s]))]
  /\ granted' = granted \union Granted(s, dc[s], Head(dprops[s]))
  /\ dprops' = [dprops EXCEPT ![s] = Tail(@)]
  /\ UNCHANGED <<msgs, ran, views, gates>>

ViewChange == views < MaxViews /\ \E s \in Slots : \E kept \in 0..Len(dprops[s]) :
  LET one == ApplyThere(dc[s], dprops[s][1]) IN
  /\ views' = views + 1 /\ dprops' = [dprops EXCEPT ![s] = <<>>]
  /\ dc' = CASE kept = 0 -> dc
             [] kept = 1 -> [dc EXCEPT ![s] = one]
             [] OTHER -> [dc EXCEPT ![s] = ApplyThere(one, dprops[s][2])]
  /\ granted' = CASE kept = 0 -> granted
                  [] kept = 1 -> granted \union Granted(s, dc[s], dprops[s][1])
                  [] OTHER -> granted \union Granted(s, dc[s], dprops[s][1])
                                      \union Granted(s, one, dprops[s][2])
  /\ UNCHANGED <<msgs, ran, gates>>

\* ---- a datacenter's primary; nothing but the room in its log keeps it from proposing an entry again

ProposeThere(ps, pt) ==
  /\ Len(dprops[ps]) < MaxThere
  /\ dprops' = [dprops EXCEPT ![ps] = Append(@, pt)]

Grant == \E s \in Slots, w \in Workflows :
  /\ dc[s].wf[w].st = "retry"
  /\ Decide(dc[s], w) = "grant" \/ (Bug = "GrantsBeyondShare" /\ Decide(dc[s], w) = "more")
  /\ ProposeThere(s, <<"grant", w, Attempt(dc[s], w)>>)
  /\ UNCHANGED <<msgs, dc, granted, ran, views, gates>>

Start == \E s \in Slots, w \in Workflows :
  /\ dc[s].wf[w].st = "ready"
  /\ ProposeThere(s, <<"start", w, Attempt(dc[s], w)>>)
  /\ UNCHANGED <<msgs, dc, granted, ran, views, gates>>

\* A worker keeps attempts by their numbers: told twice it starts once.
Dispatch == \E s \in Slots, w \in Workflows :
  /\ dc[s].wf[w].st = "run" /\ <<s, w, dc[s].wf[w].att>> \notin ran
  /\ ran' = ran \union {<<s, w, dc[s].wf[w].att>>}
  /\ UNCHANGED <<msgs, dc, dprops, granted, views, gates>>

DispatchesTooEarly == Bug = "DispatchesTooEarly" /\ \E s \in Slots, w \in Workflows :
  /\ \E i \in 1..Len(dprops[s]) : dprops[s][i] = <<"grant", w, Attempt(dc[s], w)>>
  /\ ran' = ran \union {<<s, w, Attempt(dc[s], w)>>}
  /\ UNCHANGED <<msgs, dc, dprops, granted, views, gates>>

\* It failed, or is lost; whether it ran does not matter.
Fails == \E s \in Slots, w \in Workflows :
  /\ dc[s].wf[w].st = "run"
  /\ dc' = [dc EXCEPT ![s].wf[w].st =
              IF Bug = "FreeRetry" THEN "ready" ELSE IF Decide(dc[s], w) = "none" THEN "end" ELSE "retry"]
  /\ UNCHANGED <<msgs, dprops, granted, ran, views, gates>>

Completes == \E s \in Slots, w \in Workflows :
  /\ <<s, w, dc[s].wf[w].att>> \in ran /\ dc[s].wf[w].st = "run"
  /\ dc' = [dc EXCEPT ![s].wf[w].st = "end"]
  /\ UNCHANGED <<msgs, dprops, granted, ran, views, gates>>

\* There is none, or it has waited for more as long as it may.
Denies == \E s \in Slots, w \in Workflows :
  /\ dc[s].wf[w].st = "retry"
  /\ Decide(dc[s], w) = "none" \/ (MayGiveUp /\ Decide(dc[s], w) = "more")
  /\ dc' = [dc EXCEPT ![s].wf[w].st = "end"]
  /\ UNCHANGED <<msgs, dprops, granted, ran, views, gates>>

Asks == \E s \in Slots, w \in Workflows :
  /\ dc[s].wf[w].st = "retry" /\ Decide(dc[s], w) = "more"
  /\ <<"ask", s, dc[s].rev, 0, FALSE>> \notin msgs
  /\ msgs' = msgs \union {<<"ask", s, dc[s].rev, 0, FALSE>>}
  /\ UNCHANGED <<gates, managers>>

TakesShare == \E m \in msgs :
  LET s == m[2] IN
  /\ m[1] = "shared"
  /\ \/ m[3] > dc[s].rev \/ (m[3] = dc[s].rev /\ m[5] /\ ~dc[s].final)
     \/ (Bug = "OldShareCounts" /\ m[3] < dc[s].rev)
  /\ dc' = [dc EXCEPT ![s].share = IF m[4] > @ \/ Bug = "OldShareCounts" THEN m[4] ELSE @,
                      ![s].rev = m[3], ![s].final = (@ \/ m[5])]
  /\ UNCHANGED <<msgs, dprops, granted, ran, views, gates>>

Finishes == \E s \in Slots :
  /\ \A wa \in Workflows : dc[s].wf[wa].st = "end"
  /\ <<"finished", s, 0, dc[s].used, FALSE>> \notin msgs
  /\ msgs' = msgs \union {<<"finished", s, 0, dc[s].used, FALSE>>}
  /\ UNCHANGED <<gates, managers>>

Next == \/ GateCommit \/ GateViewChange \/ GivesMore \/ HasNoMore \/ TellsAgain \/ TakesBack
        \/ Commit \/ ViewChange \/ Grant \/ Start \/ Dispatch \/ DispatchesTooEarly
        \/ Fails \/ Completes \/ Denies \/ Asks \/ TakesShare \/ Finishes
Spec == Init /\ [][Next]_vars

\* ---- invariants

UsedOf == [us \in Slots |-> dc[us].used]
\* All grants, over all datacenters, are no more than the budget.
TotalKept == Sum(UsedOf) <= Total
\* A workflow has no more of them in a slot than its own maximum.
CapKept == \A ks \in Slots, kw \in Workflows : dc[ks].wf[kw].used <= Cap
\* The shares and the reserve are the budget, and nobody takes himself to have more than the gates gave.
SharesConserved ==
  /\ led.reserve + Sum(led.share) = Total
  /\ \A cs \in Slots : dc[cs].used <= led.share[cs] /\ (led.open[cs] => dc[cs].share <= led.share[cs])
\* No datacenter grants more than it takes itself to have.
ShareKept == \A hs \in Slots : dc[hs].used <= dc[hs].share
\* However often an attempt's grant is proposed, it takes one retry.
RepeatsTakeOne == \A rs \in Slots, rw \in Workflows :
  dc[rs].wf[rw].used = Cardinality({ga \in granted : ga[1] = rs /\ ga[2] = rw})
\* No attempt but a workflow's first runs before its grant is committed.
GrantedFirst == \A ra \in ran : ra[3] = 1 \/ ra \in granted
\* Attempts are no more than workflows and grants.
AttemptsKept == Cardinality(ran) <= Cardinality(Slots) * Cardinality(Workflows) + Sum(UsedOf)
\* Who is told that there will be no more is told so when all is used.
FinalIsTrue == \A fm \in msgs : fm[5] => Sum(UsedOf) = Total
====
