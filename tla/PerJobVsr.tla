---- MODULE PerJobVsr ----
(* Replication of one ledger group: core/Replication/VsrReplica*.cs. README.md maps actions to methods.

   A message is in its set from the moment it may leave; it may arrive at any time, any number of times, or
   never. A step of a backup and the disk write that its answer waits for are one action: nothing of the step
   is seen before the write. Only a primary runs ahead of its disk: tail[r] of its entries are not written.
   View 0 stands for the first view that began. *)
EXTENDS Naturals, Sequences, FiniteSets
CONSTANTS N,           \* replicas
          MaxView, MaxOps, MaxCrashes, MaxLosses,
          Losers,      \* replicas whose disk may be lost
          AskExit,     \* FALSE: any replica may leave any view for the next, which allows more than all the
                       \* ways of AskExit and is smaller
          MayFallBehind, \* a primary's late NewerView sends a replica of the same view to catch up
          Bug          \* "none", or the name of the rule that is broken
VARIABLES view,        \* [replica -> view]                                        durable
          lnv,         \* [replica -> last normal view]                            durable
          log,         \* [replica -> sequence of <<view of the entry, command>>]  durable but for tail
          tail,        \* [replica -> entries at the end of log that are not on its disk]
          status,      \* "normal", "vc" (has not the log of its view), "lost", "back" (lost, and catching up)
          commit,      \* [replica -> what it knows to be committed as primary of its view]
          life,        \* [replica -> incarnation: how often its disk was lost]
          known,       \* [replica -> [replica -> newest life it knows]]           durable
          undo,        \* [replica -> what its disk still holds when a view began in memory only]
          prep,        \* Prepare         <<view, op, entry>>
          acks,        \* PrepareOk       <<view, from, life, op>>
          dvc,         \* DoViewChange    <<view, from, life, lnv, log>>
          sv,          \* StartView and NewState <<view, log>>
          exits,       \* ExitView        <<view, from>>
          answers,     \* RecoveryResponse <<to, life of to, from, view, from is primary>>
          committed,   \* ghost: <<op, entry>> that some primary counted a quorum for
          given,       \* ghost: views that their own primary left by a restart
          ops, crashes, losses
vars == <<view, lnv, log, tail, status, commit, life, known, undo, prep, acks, dvc, sv, exits, answers,
          committed, given, ops, crashes, losses>>
R == 0..(N - 1)
Primary(v) == v % N
Quorums == {q \in SUBSET R : Cardinality(q) * 2 > N}
Noop == 0
IsPrim(r) == status[r] = "normal" /\ Primary(view[r]) = r
Written(r) == Len(log[r]) - tail[r]

Init == /\ view = [r \in R |-> 0] /\ lnv = [r \in R |-> 0] /\ log = [r \in R |-> <<>>]
        /\ tail = [r \in R |-> 0] /\ status = [r \in R |-> "normal"] /\ commit = [r \in R |-> 0]
        /\ life = [r \in R |-> 0] /\ known = [r \in R |-> [f \in R |-> 0]] /\ undo = [r \in R |-> <<>>]
        /\ prep = {} /\ acks = {} /\ dvc = {} /\ sv = {<<0, <<>>>>} /\ exits = {} /\ answers = {}
        /\ committed = {} /\ given = {} /\ ops = 0 /\ crashes = 0 /\ losses = 0

\* With no crash to come, an entry that is not written can do nothing that a written one cannot.
Unwritten == IF crashes < MaxCrashes THEN 1 ELSE 0

\* ---- normal operation

\* An answer covers every op below its own, so an older one of the same view and life says nothing more.
WithAck(ackv, ackf, ackl, ackn) ==
  {wa \in acks : ~(wa[1] = ackv /\ wa[2] = ackf /\ wa[3] = ackl /\ wa[4] <= ackn)}
    \union {<<ackv, ackf, ackl, ackn>>}

\* Only the primary of a view counts its acknowledgements, and none any more once it has left the view.
AcksAfter(br, bv) == {ba \in acks : Primary(ba[1]) # br \/ ba[1] >= bv}

ClientOp(r) ==
  /\ IsPrim(r) /\ ops < MaxOps
  /\ ops' = ops + 1
  /\ log' = [log EXCEPT ![r] = Append(@, <<view[r], ops + 1>>)]
  /\ tail' = [tail EXCEPT ![r] = @ + Unwritten]
  /\ prep' = prep \union {<<view[r], Len(log[r]) + 1, <<view[r], ops + 1>>>>}
  /\ UNCHANGED <<view, lnv, status, commit, life, known, undo, acks, dvc, sv, exits, answers, committed,
                 given, crashes, losses>>

Sync(r) ==
  /\ tail[r] > 0 /\ undo[r] = <<>>
  /\ tail' = [tail EXCEPT ![r] = 0]
  /\ UNCHANGED <<view, lnv, log, status, commit, life, known, undo, prep, acks, dvc, sv, exits, answers,
                 committed, given, ops, crashes, losses>>

RecvPrepare(r) == status[r] = "normal" /\ Primary(view[r]) # r /\ \E m \in prep :
  /\ m[1] = view[r]
  /\ IF Bug = "AckOverGap" THEN m[2] > Len(log[r]) ELSE m[2] = Len(log[r]) + 1
  /\ log' = IF m[2] = Len(log[r]) + 1 THEN [log EXCEPT ![r] = Append(@, m[3])] ELSE log
  /\ tail' = IF Bug = "AckBeforeDisk" THEN [tail EXCEPT ![r] = @ + 1] ELSE tail
  /\ acks' = WithAck(view[r], r, life[r], m[2])
  /\ UNCHANGED <<view, lnv, status, commit, life, known, undo, prep, dvc, sv, exits, answers, committed,
                 given, ops, crashes, losses>>

CountsAck(cr, ca, cn) ==
  /\ ca[2] # cr /\ ca[4] >= cn
  /\ ca[1] = view[cr]
  /\ ca[3] = known[cr][ca[2]] \/ Bug = "OldLifeCounts"
Holders(hr, hn) ==
  {ha[2] : ha \in {hc \in acks : CountsAck(hr, hc, hn)}}
    \union (IF hn <= Written(hr) \/ Bug = "OwnVoteBeforeDisk" THEN {hr} ELSE {})

HeldByQuorum(hq) == {hi \in (commit[hq] + 1)..Len(log[hq]) : Holders(hq, hi) \in Quorums}
AdvanceCommit(r) == IsPrim(r) /\ \E n \in HeldByQuorum(r) :
  /\ \A further \in HeldByQuorum(r) : further <= n
  /\ commit' = [commit EXCEPT ![r] = n]
  /\ committed' = committed \union {<<i, log[r][i]>> : i \in 1..n}
  /\ UNCHANGED <<view, lnv, log, tail, status, life, known, undo, prep, acks, dvc, sv, exits, answers, given,
                 ops, crashes, losses>>

\* ---- view change

WantExit(r) ==
  /\ AskExit /\ status[r] \in {"normal", "vc"} /\ view[r] < MaxView /\ <<view[r], r>> \notin exits
  /\ exits' = exits \union {<<view[r], r>>}
  /\ UNCHANGED <<view, lnv, log, tail, status, commit, life, known, undo, prep, acks, dvc, sv, answers,
                 committed, given, ops, crashes, losses>>

ExitsOf(ev) == {ef \in R : <<ev, ef>> \in exits}
MayLeave(r) ==
  IF AskExit
  THEN <<view[r], r>> \in exits /\ (ExitsOf(view[r]) \in Quorums \/ Bug = "LeavesAlone")
  ELSE TRUE

\* What a new primary that begins its view in memory only would find on its disk again.
Undone(ur, uv) ==
  IF Bug = "PrepareBeforeView" /\ Primary(uv) = ur /\ undo[ur] = <<>>
  THEN [undo EXCEPT ![ur] = <<view[ur], lnv[ur], SubSeq(log[ur], 1, Written(ur))>>]
  ELSE undo

\* Joins view jv with the log of the last normal view; what was appended and not written is written by then.
JoinView(r, jv) ==
  /\ view' = [view EXCEPT ![r] = jv] /\ acks' = AcksAfter(r, jv) /\ status' = [status EXCEPT ![r] = "vc"]
  /\ lnv' = IF Bug = "LastNormalTooEarly" THEN [lnv EXCEPT ![r] = jv] ELSE lnv
  /\ commit' = [commit EXCEPT ![r] = 0] /\ tail' = [tail EXCEPT ![r] = 0]
  /\ dvc' = dvc \union {<<jv, r, life[r], lnv[r], log[r]>>}
  /\ undo' = Undone(r, jv)

LeaveView(r) ==
  /\ status[r] \in {"normal", "vc"} /\ view[r] < MaxView /\ MayLeave(r)
  /\ JoinView(r, view[r] + 1)
  /\ UNCHANGED <<log, life, known, prep, sv, exits, answers, committed, given, ops, crashes, losses>>

RecvDoViewChange(r) == AskExit /\ status[r] \in {"normal", "vc"} /\ \E nv \in (view[r] + 1)..MaxView :
  /\ Primary(nv) = r
  /\ \E d \in dvc : d[1] = nv /\ (d[3] = known[r][d[2]] \/ Bug = "OldLifeCounts")
  /\ JoinView(r, nv)
  /\ UNCHANGED <<log, life, known, prep, sv, exits, answers, committed, given, ops, crashes, losses>>

\* Vote a is at least as good as vote b.
Better(a, b) ==
  IF Bug = "LongestLogWins" THEN Len(a[5]) >= Len(b[5])
  ELSE a[4] > b[4] \/ (a[4] = b[4] /\ Len(a[5]) >= Len(b[5]))
VotesFor(vr) == {vd \in dvc : /\ vd[1] = view[vr]
                              /\ vd[3] = known[vr][vd[2]] \/ vd[2] = vr \/ Bug = "OldLifeCounts"}

\* A view begins once: its votes are of no use then. With these rules broken it may begin twice; with the
\* first two because Prepare leaves before the record of the view is on disk.
InMemory == {"PrepareBeforeView", "BeginsAgain"}
BeginTwice == {"PrepareBeforeView", "ResumesView", "BeginsAgain"}

StartView(r) ==
  /\ status[r] = "vc" /\ Primary(view[r]) = r
  /\ \E votes \in SUBSET VotesFor(r) :
       /\ {x[2] : x \in votes} \in Quorums \/ Bug = "ViewWithoutQuorum"
       /\ Cardinality(votes) = Cardinality({y[2] : y \in votes})
       /\ \E own \in votes : own[2] = r /\ own[3] = life[r]
       /\ \E best \in votes :
            /\ \A other \in votes : Better(best, other)
            /\ log' = [log EXCEPT ![r] = Append(best[5], <<view[r], Noop>>)]
            /\ sv' = IF Bug \in InMemory THEN sv ELSE sv \union {<<view[r], best[5]>>}
            /\ prep' = prep \union {<<view[r], Len(best[5]) + 1, <<view[r], Noop>>>>}
  /\ status' = [status EXCEPT ![r] = "normal"] /\ lnv' = [lnv EXCEPT ![r] = view[r]]
  /\ tail' = [tail EXCEPT ![r] = Unwritten]
  /\ dvc' = IF Bug \in BeginTwice THEN dvc ELSE {ed \in dvc : ed[1] # view[r]}
  /\ undo' = IF Bug = "BeginsAgain" THEN [undo EXCEPT ![r] = <<view[r], lnv[r], log[r]>>] ELSE undo
  /\ UNCHANGED <<view, commit, life, known, acks, exits, answers, committed, given, ops, crashes,
                 losses>>

\* Only with a broken rule: the record of the view reaches the disk after its first Prepare has left.
SyncView(r) ==
  /\ undo[r] # <<>> /\ IsPrim(r)
  /\ undo' = [undo EXCEPT ![r] = <<>>]
  /\ sv' = sv \union {<<view[r], SubSeq(log[r], 1, Written(r))>>}
  /\ UNCHANGED <<view, lnv, log, tail, status, commit, life, known, prep, acks, dvc, exits, answers,
                 committed, given, ops, crashes, losses>>

\* A normal primary tells its log again: StartView to who has not answered, NewState to who asked.
SendLog(r) ==
  /\ IsPrim(r) /\ view[r] > 0 /\ tail[r] = 0 /\ <<view[r], log[r]>> \notin sv
  /\ sv' = sv \union {<<view[r], log[r]>>}
  /\ UNCHANGED <<view, lnv, log, tail, status, commit, life, known, undo, prep, acks, dvc, exits, answers,
                 committed, given, ops, crashes, losses>>

\* The log of the view already and no shorter: an old message must not cut off what was promised since.
HasLogOfView(hr, hv, hl) ==
  lnv[hr] = hv /\ Len(hl) <= Len(log[hr]) /\ status[hr] # "back" /\ Bug # "OldLogCutsOff"

RecvStartView(r) == status[r] # "lost" /\ \E m \in sv :
  /\ Primary(m[1]) # r
  /\ m[1] > view[r] \/ (m[1] = view[r] /\ status[r] # "normal")
  /\ status[r] \in {"normal", "vc"} \/ (status[r] = "back" /\ (m[1] > view[r] \/ Bug = "OldLogInNewLife"))
  /\ LET now == IF HasLogOfView(r, m[1], m[2]) THEN log[r] ELSE m[2] IN
       /\ log' = [log EXCEPT ![r] = now]
       /\ acks' = {ra \in WithAck(m[1], r, life[r], Len(now)) : ra \in AcksAfter(r, m[1]) \/ ra[2] = r}
  /\ view' = [view EXCEPT ![r] = m[1]] /\ lnv' = [lnv EXCEPT ![r] = m[1]]
  /\ status' = [status EXCEPT ![r] = "normal"] /\ commit' = [commit EXCEPT ![r] = 0]
  /\ tail' = [tail EXCEPT ![r] = 0]
  /\ UNCHANGED <<life, known, undo, prep, dvc, sv, exits, answers, committed, given, ops, crashes, losses>>

\* ---- state transfer: a replica that hears of a view whose log it has not keeps its own until then

MayHear(r) == status[r] # "lost" /\ (AskExit \/ status[r] = "back" \/ Bug = "CutsOffFirst")
Hears(r) == MayHear(r) /\ \E nv \in (view[r] + 1)..MaxView :
  /\ Primary(nv) # r /\ \E o \in R : view[o] >= nv
  /\ view' = [view EXCEPT ![r] = nv] /\ acks' = AcksAfter(r, nv)
  /\ status' = [status EXCEPT ![r] = IF @ = "back" THEN "back" ELSE "vc"]
  /\ lnv' = IF Bug = "LastNormalTooEarly" THEN [lnv EXCEPT ![r] = nv] ELSE lnv
  /\ commit' = [commit EXCEPT ![r] = 0] /\ tail' = [tail EXCEPT ![r] = 0]
  /\ log' = IF Bug = "CutsOffFirst" THEN [log EXCEPT ![r] = <<>>] ELSE log
  /\ UNCHANGED <<life, known, undo, prep, dvc, sv, exits, answers, committed, given, ops, crashes,
                 losses>>

\* The primary that hears of its own view has nobody to learn from: it votes.
HearsOfOwn(r) == AskExit /\ status[r] \in {"normal", "vc"} /\ \E nv \in (view[r] + 1)..MaxView :
  /\ Primary(nv) = r /\ \E o \in R : view[o] >= nv
  /\ JoinView(r, nv)
  /\ UNCHANGED <<log, life, known, prep, sv, exits, answers, committed, given, ops, crashes, losses>>

FallsBehind(r) ==
  /\ MayFallBehind /\ status[r] = "normal" /\ Primary(view[r]) # r /\ view[r] > 0
  /\ status' = [status EXCEPT ![r] = "vc"]
  /\ UNCHANGED <<view, lnv, log, tail, commit, life, known, undo, prep, acks, dvc, sv, exits, answers,
                 committed, given, ops, crashes, losses>>

\* ---- crashes: what was not written may be gone, all of it or its end

Cut(cl, cj) == SubSeq(cl, 1, Len(cl) - cj)
\* What the disk of r holds after a crash that took cj of its entries.
DiskView(r) == IF undo[r] = <<>> THEN view[r] ELSE undo[r][1]
DiskLnv(r) == IF undo[r] = <<>> THEN lnv[r] ELSE undo[r][2]
DiskLog(r, cj) == IF undo[r] = <<>> THEN Cut(log[r], cj) ELSE undo[r][3]

\* A restarted primary never leads a view that it was in before.
RestartsPrimary(r) == crashes < MaxCrashes /\ \E j \in 0..tail[r] :
  /\ status[r] \in {"normal", "vc"} /\ Primary(DiskView(r)) = r
  /\ Bug # "ResumesView" /\ (Bug # "BeginsAgain" \/ DiskLnv(r) = DiskView(r))
  /\ DiskView(r) < MaxView
  /\ crashes' = crashes + 1
  /\ given' = given \union {DiskView(r)}
  /\ view' = [view EXCEPT ![r] = DiskView(r) + 1]
  /\ acks' = AcksAfter(r, DiskView(r) + 1) /\ status' = [status EXCEPT ![r] = "vc"]
  /\ lnv' = [lnv EXCEPT ![r] = DiskLnv(r)]
  /\ log' = [log EXCEPT ![r] = DiskLog(r, j)]
  /\ dvc' = dvc \union {<<DiskView(r) + 1, r, life[r], DiskLnv(r), DiskLog(r, j)>>}
  /\ commit' = [commit EXCEPT ![r] = 0] /\ tail' = [tail EXCEPT ![r] = 0] /\ undo' = [undo EXCEPT ![r] = <<>>]
  /\ UNCHANGED <<life, known, prep, sv, exits, answers, committed, ops, losses>>

\* Without a view of its own: a normal backup again, or in the view change again.
Restarts(r) == crashes < MaxCrashes /\ \E j \in 0..tail[r] :
  /\ status[r] \in {"normal", "vc"}
  /\ Primary(DiskView(r)) # r \/ Bug = "ResumesView" \/ (Bug = "BeginsAgain" /\ DiskLnv(r) < DiskView(r))
  /\ crashes' = crashes + 1
  /\ view' = [view EXCEPT ![r] = DiskView(r)]
  /\ lnv' = [lnv EXCEPT ![r] = DiskLnv(r)]
  /\ log' = [log EXCEPT ![r] = DiskLog(r, j)]
  /\ status' = [status EXCEPT ![r] = IF DiskLnv(r) = DiskView(r) THEN "normal" ELSE "vc"]
  /\ dvc' = IF DiskLnv(r) = DiskView(r) THEN dvc
            ELSE dvc \union {<<DiskView(r), r, life[r], DiskLnv(r), DiskLog(r, j)>>}
  /\ commit' = [commit EXCEPT ![r] = 0] /\ tail' = [tail EXCEPT ![r] = 0] /\ undo' = [undo EXCEPT ![r] = <<>>]
  /\ UNCHANGED <<life, known, prep, acks, sv, exits, answers, committed, given, ops, losses>>

\* ---- a disk that lost what it had promised

\* At most N - quorum disks at a time, which the protocol promises to survive.
LosesDisk(r) ==
  /\ r \in Losers /\ losses < MaxLosses /\ (log[r] # <<>> \/ view[r] > 0)
  /\ \A o \in R : status[o] \in {"normal", "vc"}
  /\ losses' = losses + 1
  /\ view' = [view EXCEPT ![r] = 0] /\ lnv' = [lnv EXCEPT ![r] = 0] /\ log' = [log EXCEPT ![r] = <<>>]
  /\ tail' = [tail EXCEPT ![r] = 0] /\ commit' = [commit EXCEPT ![r] = 0]
  /\ life' = [life EXCEPT ![r] = IF Bug = "EmptyDiskStarts" THEN @ ELSE @ + 1]
  /\ known' = [known EXCEPT ![r] = [f \in R |-> 0]]
  /\ status' = [status EXCEPT ![r] = IF Bug = "EmptyDiskStarts" THEN "normal" ELSE "lost"]
  /\ UNCHANGED <<undo, prep, acks, dvc, sv, exits, answers, committed, given, ops, crashes>>

\* Only with a broken rule: the new life was not on disk, and the start after a crash is not told of it.
ForgetsLife(r) ==
  /\ Bug = "LifeToldOnce" /\ status[r] = "lost"
  /\ life' = [life EXCEPT ![r] = @ - 1] /\ status' = [status EXCEPT ![r] = "normal"]
  /\ UNCHANGED <<view, lnv, log, tail, commit, known, undo, prep, acks, dvc, sv, exits, answers, committed,
                 given, ops, crashes, losses>>

HearsLife(r) == losses > 0 /\ status[r] # "normal" /\ \E f \in R :
  /\ known[r][f] < life[f] /\ r # f
  /\ known' = [known EXCEPT ![r][f] = life[f]]
  /\ UNCHANGED <<view, lnv, log, tail, status, commit, life, undo, prep, acks, dvc, sv, exits, answers,
                 committed, given, ops, crashes, losses>>

\* Who answers has voided the older life on its own disk.
AnswersRecovery(r) == losses > 0 /\ status[r] = "normal" /\ \E to \in R :
  /\ status[to] = "lost" /\ r # to
  /\ <<to, life[to], r, view[r], IsPrim(r)>> \notin answers
  /\ known' = [known EXCEPT ![r][to] = life[to]]
  /\ answers' = answers \union {<<to, life[to], r, view[r], IsPrim(r)>>}
  /\ UNCHANGED <<view, lnv, log, tail, status, commit, life, undo, prep, acks, dvc, sv, exits, committed,
                 given, ops, crashes, losses>>

AnswersTo(ar) == {aa \in answers : aa[1] = ar /\ aa[2] = life[ar]}
Recovers(r) ==
  /\ status[r] = "lost"
  /\ \E got \in SUBSET AnswersTo(r) :
       /\ {g[3] : g \in got} \in Quorums
       /\ \E p \in got : /\ p[5] \/ Bug = "RecoversFromAnyone"
                         /\ \A q \in got : q[4] <= p[4]
                         /\ view' = [view EXCEPT ![r] = p[4]]
  /\ status' = [status EXCEPT ![r] = "back"] /\ answers' = {}
  /\ UNCHANGED <<lnv, log, tail, commit, life, known, undo, prep, acks, dvc, sv, exits, committed, given,
                 ops, crashes, losses>>

\* The log that its primary has after it was asked.
FetchesLog(r) == status[r] = "back" /\ \E p \in R :
  /\ status[p] = "normal" /\ view[p] = view[r] /\ tail[p] = 0
  /\ p = Primary(view[r]) \/ Bug = "RecoversFromAnyone"
  /\ log' = [log EXCEPT ![r] = log[p]]
  /\ acks' = WithAck(view[r], r, life[r], Len(log[p]))
  /\ status' = [status EXCEPT ![r] = "normal"] /\ lnv' = [lnv EXCEPT ![r] = view[r]]
  /\ UNCHANGED <<view, tail, commit, life, known, undo, prep, dvc, sv, exits, answers, committed, given, ops,
                 crashes, losses>>

Next == \E r \in R :
  \/ ClientOp(r) \/ Sync(r) \/ RecvPrepare(r) \/ AdvanceCommit(r)
  \/ WantExit(r) \/ LeaveView(r) \/ RecvDoViewChange(r) \/ StartView(r) \/ SyncView(r) \/ SendLog(r)
  \/ RecvStartView(r) \/ Hears(r) \/ HearsOfOwn(r) \/ FallsBehind(r)
  \/ RestartsPrimary(r) \/ Restarts(r)
  \/ LosesDisk(r) \/ ForgetsLife(r) \/ HearsLife(r) \/ AnswersRecovery(r) \/ Recovers(r) \/ FetchesLog(r)
Spec == Init /\ [][Next]_vars

\* ---- invariants

\* V1: two committed entries at one op are one entry.
Agreement == \A ca, cb \in committed : ca[1] = cb[1] => ca[2] = cb[2]

\* V2: every quorum of disks that may vote would elect a log with every committed entry.
MayVote == {mr \in R : status[mr] \in {"normal", "vc"}}
Best(bq) == CHOOSE bb \in bq : \A bo \in bq :
              DiskLnv(bb) > DiskLnv(bo) \/ (DiskLnv(bb) = DiskLnv(bo) /\ Written(bb) >= Written(bo))
CommittedSurvives == \A sc \in committed : \A sq \in {sx \in Quorums : sx \subseteq MayVote} :
  LET w == Best(sq) IN Written(w) >= sc[1] /\ log[w][sc[1]] = sc[2]

\* V3: no replica falls behind a view that it spoke in.
ViewsKept == /\ \A ka \in acks : ka[3] = life[ka[2]] => view[ka[2]] >= ka[1]
             /\ \A kd \in dvc : kd[3] = life[kd[2]] => view[kd[2]] >= kd[1]
             /\ \A kp \in prep : view[Primary(kp[1])] >= kp[1] \/ life[Primary(kp[1])] > 0

\* V4: one view has one log.
IsPrefix(pa, pb) == Len(pa) <= Len(pb) /\ SubSeq(pb, 1, Len(pa)) = pa
IsOneLog(oa, ob) == IsPrefix(oa, ob) \/ IsPrefix(ob, oa)
OneLogPerView == /\ \A la, lb \in MayVote : lnv[la] = lnv[lb] => IsOneLog(log[la], log[lb])
                 /\ \A sa, sb \in sv : sa[1] = sb[1] => IsOneLog(sa[2], sb[2])

\* V5: what a replica has acknowledged in the view of its log is on its disk.
AckedIsWritten == \A ak \in acks :
  (ak[3] = life[ak[2]] /\ lnv[ak[2]] = ak[1] /\ ak[2] \in MayVote) => Written(ak[2]) >= ak[4]

\* V6: a view is left by a quorum that wants to, or by its restarted primary.
LeftByQuorum == AskExit => \A xr \in R : \A xv \in 0..MaxView :
  xv < view[xr] => ExitsOf(xv) \in Quorums \/ xv \in given

\* Who leads, and answers from its ledger, knows everything that was committed before its view.
Leads(lr) == IsPrim(lr) /\ (view[lr] = 0 \/ Bug = "LeadsAtOnce"
               \/ \E ln \in 1..commit[lr] : log[lr][ln] = <<view[lr], Noop>>)
LeaderKnowsAll == \A kr \in R : Leads(kr) => \A kc \in committed :
  kc[2][1] < view[kr] => kc[1] <= commit[kr]
====
