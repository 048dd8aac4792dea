using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Core.Protocol;

/// <summary>Bytes that nodes of other versions and logs on disk hold: they never change.</summary>
public sealed class MessageBytesTests
{
    private static readonly SlotKey Slot = new(new JobId(3, 700), 1, 2);

    private static readonly AttemptKey Attempt = new(Slot, 0, 1);

    private static readonly RunStats Stats = new(
        1000, 3, 1, 123_456, LatencyDigest.From([(90, 2), (1500, 1), (2_000_000, 2)]),
        [new ErrorCount("status 500", 2), new ErrorCount("timeout", 1)]);

    private static readonly AttemptOutcome Outcome =
        new(AttemptState.Completed, "", 0, Stats, "ok"u8.ToArray());

    public static readonly TheoryData<string, string> Bytes = new()
    {
        {
            "heartbeat of a worker",
            """
            400607B000000000000008120C1011150511050B0505040608F80A08020C0408000C020802
            """
        },
        {
            "heartbeat of a manager",
            """
            26050464632D610A07B00000000000000C0A1002140418201C0820102402280C
            """
        },
        {
            "start of an attempt",
            """
            300511050B0505040608F80A08020C0408000C0208080E07B0000000000000113A0506637573746F6D08020C
            02108090DFC04A1480C8AFA025200029100502736805022D6305066578697420302D0C04C801088080808002
            0CD00F
            """
        },
        {
            "reservation",
            """
            10050B0505040608F80A08020C0408080DC7010508636865636B6F757409080404090464632D610C28100615
            0D040208020C80E0A596BB111000190504640890031D17040208000C8088DEBE01110B7039354D73203C2032
            30302142050662726F77736508000C02108090DFC04A1480C8AFA025182825260503474554090E687474703A
            2F2F742F6974656D730D060501410901621490031880D0ACF30E213A0506637573746F6D08020C02108090DF
            C04A1480C8AFA025200029100502736805022D6305066578697420302D0C04C8010880808080020CD00F
            """
        },
        {
            "result of a slot",
            """
            24050B0505040608F80A08020C040963040009000D5D040008020D03772D311152040009000C00114604D00F
            08060C021080890F1D1C04A0FE0A0880D0ACF30E0D1000010001D0875601A0E1FAB807010001190E050A7374
            61747573203530300804190B050774696D656F7574080215026F6B
            """
        },
        {
            "answer",
            """
            02040E09100705076E6F20726F6F6D0880A8D6B907
            """
        },
        {
            "hello",
            """
            D39001040208000D046C6F61641002150464632D61190B612F6D616E616765722D311E0500000000000000
            """
        },
    };

    [Theory]
    [MemberData(nameof(Bytes))]
    public void The_bytes_of_a_message_stay(string what, string hex) =>
        Assert.Equal(hex.ReplaceLineEndings(""), Convert.ToHexString(Of(what)));

    private static byte[] Of(string what) => what switch
    {
        "heartbeat of a worker" => Encoded.Of(
            new Message.WorkerHeartbeat(new BootId(0xB007), 9, 8, [new AttemptInventory(Attempt, true)])),
        "heartbeat of a manager" => Encoded.Of(
            new Message.ManagerHeartbeat("dc-a", new BootId(0xB007), 5, true, 6, 2, 16, 4, 8, 1)),
        "start of an attempt" => Encoded.Of(
            new Message.StartAttempt(Attempt, 4, new BootId(0xB007), Job().Workflows[1])),
        "reservation" => Encoded.Of(new Message.ReserveSlot(Slot, 4, Job())),
        "result of a slot" => Encoded.Of(new Message.SlotFinished(
            Slot, new SlotOutcome(SlotState.Completed, "", [new WorkflowResult(0, 1, "w-1", Outcome)]))),
        "answer" => Encoded.Of(new Message.ClientAnswer(
            7, new ClientResponse.Unavailable("no room", Duration.FromSeconds(1)))),
        "hello" => new Hello(
            new ProtocolVersion(1, 0),
            "load",
            NodeRole.Manager,
            "dc-a",
            NodeId.Of("a/manager-1"),
            new BootId(5)).Encode(),
        _ => throw new ArgumentException(what),
    };

    private static JobSpec Job() => new(
        "checkout",
        new DatacenterChoice(2, ["dc-a"], []),
        20,
        3,
        new BestEffortSpec(true, 1, Duration.FromMinutes(5), false),
        new SloSpec(50, 200, null),
        [new Threshold(ThresholdMetric.P95Ms, ThresholdOperator.Below, 200_000_000, "p95Ms < 200")],
        [
            new WorkflowSpec(
                "browse", WorkflowKind.Http, 1, Duration.FromSeconds(10), Duration.FromSeconds(5), 20, null,
                [],
                new HttpSpec("GET", "http://t/items", [new("A", "b")], null, [200], Duration.FromSeconds(2)),
                null, null),
            new WorkflowSpec(
                "custom", WorkflowKind.Exec, 1, Duration.FromSeconds(10), Duration.FromSeconds(5), null, null,
                [0], null, new ExecSpec(["sh", "-c", "exit 0"]), new ResourceBudget(100, 1 << 28, 1000)),
        ]);
}
