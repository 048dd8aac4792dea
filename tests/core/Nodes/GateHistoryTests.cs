using System.Collections.Concurrent;
using CsCheck;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>Whatever peers and clients say: nothing throws, invariants hold, everyone is answered, and equal
/// inputs make equal gates.</summary>
public sealed class GateHistoryTests
{
    private static readonly GateConfig Config = GateConfig.Default with
    {
        WaitersMax = 6,
        LiveJobsMax = 8,
        EndedJobsMax = 6,
        SnapshotEveryRecords = 7,
        Idempotency = IdempotencyConfig.Default with
        {
            PendingTtl = Duration.FromSeconds(5),
            PendingWaitTimeout = Duration.FromSeconds(3),
            CommittedTtl = Duration.FromSeconds(4),
            RejectedTtl = Duration.FromSeconds(2),
            CleanupInterval = Duration.FromSeconds(1),
            MaxEntries = 4,
        },
    };

    private static readonly Gen<List<GateMove>> History = GateMove.Gen.List[0, 80];

    [Fact]
    public void Invariants_hold_after_any_history_and_every_client_is_answered_once() =>
        Gen.Select(History, Gen.Bool).Sample((moves, hasTwoGates) =>
        {
            var bench = BenchOf(hasTwoGates);
            var asked = Play(bench, moves, (_, _) => { });
            bench.Pass(Duration.FromMinutes(10));

            var answered = bench.History.OfType<NodeEffect.Reply>().Select(reply => reply.RequestId);
            Assert.Equal(asked.Order(), answered.Order());
        });

    [Fact]
    public void Equal_inputs_make_equal_gates_and_equal_effects() =>
        Gen.Select(History, Gen.Bool).Sample(
            (moves, hasTwoGates) =>
            {
                var first = BenchOf(hasTwoGates);
                var second = BenchOf(hasTwoGates);
                Play(first, moves, (input, isDiskFast) =>
                {
                    second.IsDiskFast = isDiskFast;
                    second.When(input);
                    Assert.Equal(first.Fingerprint, second.Fingerprint);
                });

                second.Persist();
                Assert.Equal(Visible(first), Visible(second));
            },
            iter: 60);

    [Fact]
    public void What_is_promised_survives_a_crash_at_any_moment() =>
        Gen.Select(History, Gen.Int[0, 80]).Sample((moves, at) =>
        {
            var bench = new GateBench(config: Config with { EndedJobsMax = 1000 });
            Play(bench, [.. moves.Take(at)], (_, _) => { });
            var promised = bench.Replies.OfType<ClientResponse.Accepted>().Select(reply => reply.Job)
                .Concat(bench.Sent.Select(sent => sent.Message).OfType<Message.ClientAnswer>()
                    .Select(answer => answer.Response).OfType<ClientResponse.Accepted>().Select(a => a.Job))
                .ToList();
            var committed = bench.Sent.Select(sent => sent.Message)
                .OfType<Message.SlotResultCommitted>().ToList();
            bench.Restart();

            Assert.All(promised, job => Assert.True(bench.Gate.Ledger.TryGet(job, out _)));
            Assert.All(committed, result =>
            {
                if (!bench.Gate.Ledger.TryGet(result.Slot.Job, out var job)) return;
                var slot = job.Slots[result.Slot.Slot];
                Assert.True(slot.Epoch > result.Slot.Epoch || !slot.IsOpen);
            });
            Play(bench, [.. moves.Skip(at)], (_, _) => { });
        });

    [Fact]
    public void Every_kind_of_input_and_message_meets_the_gate_and_every_verdict_is_met()
    {
        var inputs = new ConcurrentDictionary<Type, bool>();
        var verdicts = new ConcurrentDictionary<NodeVerdict, bool>();
        Gen.Select(History, Gen.Bool).Sample(
            (moves, hasTwoGates) =>
            {
                var bench = BenchOf(hasTwoGates);
                Play(bench, moves, (input, _) =>
                {
                    inputs[input.GetType()] = true;
                    if (input is NodeInput.Received received) inputs[received.Message.GetType()] = true;
                    if (input is NodeInput.ClientRequested asked) inputs[asked.Request.GetType()] = true;
                    verdicts[bench.Verdict] = true;
                });
            },
            iter: 600);

        // The bench itself starts the gate, tells it what is durable and, in another test, stops it.
        var expected = Content.CasesOf(typeof(Message)).Concat(Content.CasesOf(typeof(ClientRequest)))
            .Concat(Content.CasesOf(typeof(NodeInput)))
            .Except([typeof(NodeInput.Started), typeof(NodeInput.Durable), typeof(NodeInput.Shutdown)]);
        Assert.Equal(expected.OrderBy(Name), inputs.Keys.OrderBy(Name));
        // Only a manager has to get to know whom it leads.
        Assert.Equal(
            Enum.GetValues<NodeVerdict>().Where(verdict => verdict != NodeVerdict.Unready),
            verdicts.Keys.Order());

        static string Name(Type type) => type.FullName!;
    }

    /// <summary>Steps the gate through the moves, with a disk that is slow now and then; gives the requests
    /// that were asked.</summary>
    private static List<long> Play(
        GateBench bench, List<GateMove> moves, Action<NodeInput, bool> onStep)
    {
        var asked = new List<long>();
        for (var i = 0; i < moves.Count; i++)
        {
            bench.IsDiskFast = moves[i].Seed % 3 != 0;
            var input = moves[i].Meaning(bench, i);
            if (input is NodeInput.ClientRequested) asked.Add(i);
            bench.When(input);
            onStep(input, bench.IsDiskFast);
        }

        bench.IsDiskFast = true;
        bench.Persist();
        return asked;
    }

    private static GateBench BenchOf(bool hasTwoGates) =>
        new(hasTwoGates ? GateBench.TwoGates : GateBench.OneGate, Config);

    private static IEnumerable<string> Visible(GateBench bench) =>
        bench.History.Where(effect => effect is not (NodeEffect.Append or NodeEffect.Snapshot))
            .Select(effect => effect.ToString()!);
}
