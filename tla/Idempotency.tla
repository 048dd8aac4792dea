---- MODULE Idempotency ----
(* One key, at most one job: core/Idempotency, core/Jobs, core/Nodes. README.md maps actions to methods.

   Two gates keep one group's ledger; gate v % 2 leads it in view v. PerJobVsr gives what is used of
   replication here: one sequence of committed entries, and with a view change the first of the uncommitted
   entries survive and the rest are lost. A gate that still believes to lead can commit nothing; what it sends
   late is in cmds and answers already, as a message stays in its set and may arrive at any time, any number
   of times, or never. A datacenter's ledger is replicated likewise: its actions are committed entries. *)
EXTENDS Naturals, Sequences, FiniteSets
CONSTANTS Datacenters, Payloads, MaxView, MaxInFlight, MaxSubmits, MaxEpoch,
          Bug          \* "none", or the name of the rule that is broken
VARIABLES view,        \* of the gates' group; the fence of what its primary sends
          led,         \* the ledger as committed entries made it: its key and the jobs that the key made
          props,       \* proposed and not committed
          mine,        \* the primary took the key in this view: its own memory, lost with the view
          cmds,        \* to datacenters <<kind, job, epoch, datacenter, fence>>
          replies,     \* from datacenters <<kind, job, epoch, datacenter>>
          place,       \* [datacenter -> [job -> fence, newest epoch, what is held, ever started]]
          acted,       \* ghost: [datacenter -> [job -> highest fence of a command that was carried out]]
          back,        \* ghost: a command was carried out under a lower fence than one before
          started,     \* ghost: <<job, epoch, datacenter>>
          answers,     \* ghost: told to clients <<payload asked for, kind, job>>
          submits
vars == <<view, led, props, mine, cmds, replies, place, acted, back, started, answers, submits>>
Jobs == 1..2
Fresh == [st |-> "none", ep |-> 0, stage |-> "unassigned", dc |-> "", pay |-> ""]

Init == /\ view = 0 /\ props = <<>> /\ mine = FALSE /\ cmds = {} /\ replies = {} /\ submits = 0
        /\ led = [key |-> "free", kj |-> 0, n |-> 0, job |-> [j \in Jobs |-> Fresh]]
        /\ place = [d \in Datacenters |->
                     [j \in Jobs |-> [fence |-> 0, newest |-> 0, held |-> "no", ever |-> FALSE]]]
        /\ acted = [d \in Datacenters |-> [j \in Jobs |-> 0]] /\ back = FALSE
        /\ started = {} /\ answers = {}

\* ---- the ledger: what a committed entry <<kind, job, epoch, datacenter or payload>> makes of it

TakesKey(tl) ==
  tl.n < 2 /\ (tl.key = "free" \/ Bug = "OnlyGateMemory" \/ (tl.key = "gone" /\ Bug = "NoTombstone"))
Created(cl, cp) == [cl EXCEPT !.key = "pending", !.kj = cl.n + 1, !.n = cl.n + 1,
                              !.job[cl.n + 1] = [Fresh EXCEPT !.st = "live", !.pay = cp]]
IsAt(il, ij, ie, stages) == il.job[ij].st = "live" /\ il.job[ij].ep = ie /\ il.job[ij].stage \in stages
MayWithdraw(wl, wj) ==
  /\ wl.job[wj].st = "live"
  /\ (wl.key = "pending" /\ wl.job[wj].stage # "starting") \/ Bug = "WithdrawsWhatStarts"

Apply(al, ae) ==
  CASE ae[1] = "create" /\ TakesKey(al) -> Created(al, ae[4])
    [] ae[1] = "assign" /\ IsAt(al, ae[2], ae[3] - 1, {"unassigned"}) ->
         [al EXCEPT !.job[ae[2]].ep = ae[3], !.job[ae[2]].stage = "assigned", !.job[ae[2]].dc = ae[4]]
    [] ae[1] = "starting" /\ IsAt(al, ae[2], ae[3], {"assigned"}) ->
         [al EXCEPT !.job[ae[2]].stage = "starting", !.key = IF al.kj = ae[2] THEN "committed" ELSE @]
    [] ae[1] = "release" /\ IsAt(al, ae[2], ae[3], {"assigned", "starting"}) ->
         [al EXCEPT !.job[ae[2]].stage = "unassigned", !.job[ae[2]].dc = ""]
    [] ae[1] = "withdraw" /\ MayWithdraw(al, ae[2]) ->
         [al EXCEPT !.job[ae[2]].st = "withdrawn", !.key = "free", !.kj = 0]
    [] ae[1] = "report" /\ IsAt(al, ae[2], ae[3], {"starting"}) -> [al EXCEPT !.job[ae[2]].st = "done"]
    [] ae[1] = "expire" /\ al.key = "committed" /\ (al.job[al.kj].st = "done" \/ Bug = "ExpiresWhatLives") ->
         [al EXCEPT !.key = "gone"]
    [] OTHER -> al

Commit ==
  /\ props # <<>>
  /\ led' = Apply(led, Head(props)) /\ props' = Tail(props)
  /\ UNCHANGED <<view, mine, cmds, replies, place, acted, back, started, answers, submits>>

\* The first of what was proposed survive; the new primary leads when those are committed.
ViewChange == view < MaxView /\ \E kept \in 0..Len(props) :
  /\ view' = view + 1 /\ props' = <<>> /\ mine' = FALSE
  /\ led' = CASE kept = 0 -> led
              [] kept = 1 -> Apply(led, props[1])
              [] OTHER -> Apply(Apply(led, props[1]), props[2])
  /\ UNCHANGED <<cmds, replies, place, acted, back, started, answers, submits>>

\* ---- the primary

Propose(pe) ==
  /\ Len(props) < MaxInFlight /\ \A i \in 1..Len(props) : props[i] # pe
  /\ props' = Append(props, pe)
Unseen == IF Bug = "OnlyGateMemory" THEN ~mine ELSE led.key \in {"free", "gone"} /\ TakesKey(led)

\* A submission of the key, by whatever gate it came.
Submit == \E p \in Payloads :
  /\ submits < MaxSubmits /\ Unseen /\ led.n < 2 /\ \A i \in 1..Len(props) : props[i][1] # "create"
  /\ Propose(<<"create", 0, 0, p>>)
  /\ submits' = submits + 1 /\ mine' = TRUE
  /\ answers' = IF Bug = "AnswersTooEarly" THEN answers \union {<<p, "job", led.n + 1>>} ELSE answers
  /\ UNCHANGED <<view, led, cmds, replies, place, acted, back, started>>

\* A client that asks again is answered by what the ledger says; while the key is pending, by nothing final.
AnswerOf(ap) ==
  CASE led.key = "committed" /\ (led.job[led.kj].pay = ap \/ Bug = "AnyPayload") -> <<ap, "job", led.kj>>
    [] led.key = "committed" /\ led.job[led.kj].pay # ap -> <<ap, "reused", led.kj>>
    [] OTHER -> <<ap, "expired", led.kj>>
Answer == \E p \in Payloads :
  /\ led.key \in {"committed", "gone"} /\ AnswerOf(p) \notin answers
  /\ answers' = answers \union {AnswerOf(p)}
  /\ UNCHANGED <<view, led, props, mine, cmds, replies, place, acted, back, started, submits>>

Stage(sj, stages) == led.job[sj].st = "live" /\ led.job[sj].stage \in stages
\* Of one slot one entry at a time is under way, or a release could follow a start that was not known yet.
SlotEntries == {"assign", "starting", "release", "report"}
Settled(ej) ==
  Bug = "TwoAtOnce" \/ \A ei \in 1..Len(props) : props[ei][2] # ej \/ props[ei][1] \notin SlotEntries

\* Until one is chosen all datacenters are alike.
Choices(hj) == IF hj = 1 /\ led.job[hj].ep = 0 THEN {CHOOSE hd \in Datacenters : TRUE} ELSE Datacenters
Assign == \E j \in Jobs : \E d \in Choices(j) :
  /\ Stage(j, {"unassigned"}) /\ led.job[j].ep < MaxEpoch
  /\ Settled(j) /\ Propose(<<"assign", j, led.job[j].ep + 1, d>>)
  /\ UNCHANGED <<view, led, mine, cmds, replies, place, acted, back, started, answers, submits>>

SendReserve == \E j \in Jobs :
  /\ Stage(j, {"assigned"}) /\ <<"reserve", j, led.job[j].ep, led.job[j].dc, view>> \notin cmds
  /\ cmds' = cmds \union {<<"reserve", j, led.job[j].ep, led.job[j].dc, view>>}
  /\ UNCHANGED <<view, led, props, mine, replies, place, acted, back, started, answers, submits>>

OnReserved == \E j \in Jobs :
  /\ Stage(j, {"assigned"}) /\ <<"reserved", j, led.job[j].ep, led.job[j].dc>> \in replies
  /\ Settled(j) /\ Propose(<<"starting", j, led.job[j].ep, "">>)
  /\ UNCHANGED <<view, led, mine, cmds, replies, place, acted, back, started, answers, submits>>

OnRefused == \E j \in Jobs :
  /\ Stage(j, {"assigned", "starting"}) /\ <<"refused", j, led.job[j].ep, led.job[j].dc>> \in replies
  /\ Settled(j) /\ Propose(<<"release", j, led.job[j].ep, "">>)
  /\ UNCHANGED <<view, led, mine, cmds, replies, place, acted, back, started, answers, submits>>

\* Nothing was started there, so a datacenter that stays silent does not keep the slot.
OnSilence == \E j \in Jobs :
  /\ Stage(j, IF Bug = "SilenceReleases" THEN {"assigned", "starting"} ELSE {"assigned"})
  /\ Settled(j) /\ Propose(<<"release", j, led.job[j].ep, "">>)
  /\ UNCHANGED <<view, led, mine, cmds, replies, place, acted, back, started, answers, submits>>

IsProposed(kind, qj) == \E i \in 1..Len(props) : props[i][1] = kind /\ props[i][2] = qj
SendStart == \E j \in Jobs :
  /\ Stage(j, {"starting"}) \/ (Bug = "StartsTooEarly" /\ Stage(j, {"assigned"}) /\ IsProposed("starting", j))
  /\ <<"start", j, led.job[j].ep, led.job[j].dc, view>> \notin cmds
  /\ cmds' = cmds \union {<<"start", j, led.job[j].ep, led.job[j].dc, view>>}
  /\ UNCHANGED <<view, led, props, mine, replies, place, acted, back, started, answers, submits>>

Withdraw == \E j \in Jobs :
  /\ MayWithdraw(led, j)
  /\ Propose(<<"withdraw", j, 0, "">>)
  /\ UNCHANGED <<view, led, mine, cmds, replies, place, acted, back, started, answers, submits>>

OnFinished == \E j \in Jobs :
  /\ Stage(j, {"starting"}) /\ <<j, led.job[j].ep, led.job[j].dc>> \in started
  /\ Settled(j) /\ Propose(<<"report", j, led.job[j].ep, "">>)
  /\ UNCHANGED <<view, led, mine, cmds, replies, place, acted, back, started, answers, submits>>

Expire ==
  /\ led.key = "committed" /\ (led.job[led.kj].st = "done" \/ Bug = "ExpiresWhatLives")
  /\ Propose(<<"expire", 0, 0, "">>)
  /\ UNCHANGED <<view, led, mine, cmds, replies, place, acted, back, started, answers, submits>>

\* ---- a datacenter; carries out command c of job j under fence f

Heeds(hd, hj, hf) == hf >= place[hd][hj].fence \/ Bug = "FenceIgnored"
Acts(td, tj, tf) ==
  /\ acted' = [acted EXCEPT ![td][tj] = IF tf > @ THEN tf ELSE @]
  /\ back' = (back \/ tf < acted[td][tj])

RecvReserve == \E c \in cmds :
  LET d == c[4] IN LET j == c[2] IN LET ep == c[3] IN LET f == c[5] IN
  /\ c[1] = "reserve" /\ Heeds(d, j, f)
  /\ ep > place[d][j].newest /\ ~place[d][j].ever
  /\ \E takes \in {TRUE, FALSE} :
       /\ place' = [place EXCEPT ![d][j].fence = f, ![d][j].newest = ep,
                                 ![d][j].held = IF takes THEN "reserved" ELSE "no"]
       /\ replies' = replies \union {<<IF takes THEN "reserved" ELSE "refused", j, ep, d>>}
  /\ Acts(d, j, f)
  /\ UNCHANGED <<view, led, props, mine, cmds, started, answers, submits>>

RecvStart == \E c \in cmds :
  LET d == c[4] IN LET j == c[2] IN LET ep == c[3] IN LET f == c[5] IN
  /\ c[1] = "start" /\ Heeds(d, j, f) /\ place[d][j].newest = ep /\ place[d][j].held = "reserved"
  /\ place' = [place EXCEPT ![d][j].fence = f, ![d][j].held = "started", ![d][j].ever = TRUE]
  /\ started' = started \union {<<j, ep, d>>}
  /\ Acts(d, j, f)
  /\ UNCHANGED <<view, led, props, mine, cmds, replies, answers, submits>>

\* A start of what is not held closes its epoch for good.
RefusesStart == \E c \in cmds :
  LET d == c[4] IN LET j == c[2] IN LET ep == c[3] IN LET f == c[5] IN
  /\ c[1] = "start" /\ Heeds(d, j, f) /\ <<"refused", j, ep, d>> \notin replies
  /\ ep > place[d][j].newest \/ (ep = place[d][j].newest /\ place[d][j].held = "no")
  /\ place' = [place EXCEPT ![d][j].fence = f,
                            ![d][j].newest = IF Bug = "RefusalForgotten" THEN ep - 1 ELSE ep]
  /\ replies' = replies \union {<<"refused", j, ep, d>>}
  /\ Acts(d, j, f)
  /\ UNCHANGED <<view, led, props, mine, cmds, started, answers, submits>>

\* A command that changes nothing else raises the fence, and its answer goes to whoever sent it.
RaisesFence == \E c \in cmds :
  LET d == c[4] IN LET j == c[2] IN LET f == c[5] IN
  /\ Heeds(d, j, f) /\ f # place[d][j].fence /\ place[d][j].newest > 0
  /\ place' = [place EXCEPT ![d][j].fence = f]
  /\ Acts(d, j, f)
  /\ UNCHANGED <<view, led, props, mine, cmds, replies, started, answers, submits>>

ReservationExpires == \E d \in Datacenters, j \in Jobs :
  /\ place[d][j].held = "reserved"
  /\ place' = [place EXCEPT ![d][j].held = "no"]
  /\ UNCHANGED <<view, led, props, mine, cmds, replies, acted, back, started, answers, submits>>

Next == \/ Commit \/ ViewChange \/ Submit \/ Answer
        \/ Assign \/ SendReserve \/ OnReserved \/ OnRefused \/ OnSilence \/ SendStart \/ Withdraw
        \/ OnFinished \/ Expire
        \/ RecvReserve \/ RecvStart \/ RefusesStart \/ RaisesFence \/ ReservationExpires
Spec == Init /\ [][Next]_vars

\* ---- invariants

\* I1: a key has at most one job that was not withdrawn, for ever.
OneJobPerKey == Cardinality({oj \in Jobs : led.job[oj].st \in {"live", "done"}}) <= 1
\* I2: every answer names the same job, and a submission of another payload is never given its result.
OneAnswer == \A aa, ab \in answers : (aa[2] = "job" /\ ab[2] = "job") => aa[3] = ab[3]
AnswerFitsPayload == \A ac \in answers : ac[2] = "job" => led.job[ac[3]].pay \in {ac[1], ""}
\* I3: an answer rests on committed entries.
AnswerIsCommitted == \A ad \in answers : ad[2] = "job" =>
  led.job[ad[3]].st \in {"live", "done"} /\ led.kj = ad[3] /\ led.key \in {"committed", "gone"}
\* I4: at most one datacenter starts a key's slot, and only what the ledger let start.
OneStart == Cardinality(started) <= 1
StartIsCommitted == \A sa \in started : led.job[sa[1]].st = "done" \/
  (led.job[sa[1]].ep = sa[2] /\ led.job[sa[1]].stage = "starting" /\ led.job[sa[1]].dc = sa[3])
\* A datacenter that has obeyed a fence obeys no lower one.
FenceKept == ~back
\* A key expires after its job's end, and a job that has ended is final.
KeyOutlivesJob == led.key = "gone" => led.job[led.kj].st = "done"
====
