using System.Buffers;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Wire;
using Nerdbank.MessagePack;

namespace Hyperscale.Det.Benchmarks;

/// <summary>The codec of core/Protocol against a generated serializer: time, bytes and memory of three
/// messages, and what each does with bytes that nobody should have sent.</summary>
internal sealed class CodecBenchmark : IBenchmark
{
    private readonly MessagePackSerializer _generated = new();

    public string Name => "codec";

    public string Summary => "own codec against Nerdbank.MessagePack, and both on hostile bytes";

    public int Run(string[] options)
    {
        var results = SampleMessages.Large.Outcome.Workflows;
        var centroids = results.Sum(result => result.Outcome.Stats.Latency.Centroids.Length);
        Console.WriteLine($"SlotFinished holds 8 results with {centroids} centroids of latency");
        Console.WriteLine(
            $"{"message",-18}{"",-11}{"bytes",8}{"encode ns",11}{"alloc",8}{"decode ns",11}{"alloc",9}");
        Compare("ManagerHeartbeat", SampleMessages.Small);
        Compare("SubmitJob", SampleMessages.Middle);
        Compare("SlotFinished", SampleMessages.Large);
        new HostileBytes(_generated).Run();
        return 0;
    }

    private void Compare(string name, Message message)
    {
        var mirrored = GeneratedMessage.Of(message);
        var writer = new FieldWriter();
        MessageCodec.Encode(message, writer);
        var own = writer.ToArray();
        var generated = _generated.Serialize<GeneratedMessage, GeneratedShapes>(mirrored);
        var buffer = new ArrayBufferWriter<byte>(generated.Length * 2);
        var costs = Contest.Run(
            () =>
            {
                writer.Clear();
                MessageCodec.Encode(message, writer);
            },
            () =>
            {
                buffer.ResetWrittenCount();
                _generated.Serialize<GeneratedMessage, GeneratedShapes>(buffer, mirrored);
            },
            () => MessageCodec.TryDecode(own, out _, out _),
            () => _generated.Deserialize<GeneratedMessage, GeneratedShapes>(generated));
        Row(name, "own", own.Length, costs[0], costs[2]);
        Row("", "generated", generated.Length, costs[1], costs[3]);
        Console.WriteLine(
            $"{"",-18}{"ratio",-11}{(double)own.Length / generated.Length,8:F2}"
            + $"{costs[0].Nanoseconds / costs[1].Nanoseconds,11:F2}{"",8}"
            + $"{costs[2].Nanoseconds / costs[3].Nanoseconds,11:F2}");
    }

    private static void Row(string name, string codec, int bytes, Cost encode, Cost decode) =>
        Console.WriteLine(
            $"{name,-18}{codec,-11}{bytes,8}{encode.Nanoseconds,11:F0}{encode.AllocatedBytes,8:F0}"
            + $"{decode.Nanoseconds,11:F0}{decode.AllocatedBytes,9:F0}");
}
