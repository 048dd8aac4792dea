using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Wire;
using Nerdbank.MessagePack;

namespace Hyperscale.Det.Benchmarks;

/// <summary>Feeds both codecs damaged messages and lengths that promise more than there is, and counts what
/// they do: refuse in words, throw, or take it for a message.</summary>
internal sealed class HostileBytes(MessagePackSerializer generated)
{
    private const int Trials = 20_000;

    private readonly Rng _rng = Rng.Stream(11, "hostile");

    public void Run()
    {
        var writer = new FieldWriter();
        MessageCodec.Encode(SampleMessages.Middle, writer);
        var own = writer.ToArray();
        var theirs = generated.Serialize<GeneratedMessage, GeneratedShapes>(
            GeneratedMessage.Of(SampleMessages.Middle));

        Console.WriteLine();
        Console.WriteLine(
            $"{"hostile bytes",-34}{"",-11}{"refused",9}{"thrown",9}{"taken",9}{"ns each",10}"
            + $"{"alloc max",11}");
        Compare("SubmitJob cut off", () => Cut(own), () => Cut(theirs));
        Compare("SubmitJob, one byte changed", () => Changed(own), () => Changed(theirs));
        Compare("random bytes", Random, Random);
        Compare("list of 2^31-1 elements promised", () => OwnPromise(8), () => TheirPromise(0xDD));
        Compare("text of 2^31-1 bytes promised", () => OwnPromise(1), () => TheirPromise(0xDB));
        Compare("a job without cores", OwnNoCores, TheirNoCores);
    }

    private void Compare(string what, Func<byte[]> own, Func<byte[]> theirs)
    {
        Row(what, "own", own, bytes => MessageCodec.TryDecode(bytes, out _, out _));
        Row("", "generated", theirs, bytes =>
            generated.Deserialize<GeneratedMessage, GeneratedShapes>(bytes) is not null);
    }

    private static void Row(string what, string codec, Func<byte[]> make, Func<byte[], bool> decode)
    {
        int refused = 0, thrown = 0, taken = 0;
        var allocatedMax = 0L;
        var nanoseconds = 0.0;
        for (var i = 0; i < Trials; i++)
        {
            var bytes = make();
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var start = System.Diagnostics.Stopwatch.GetTimestamp();
            try
            {
                if (decode(bytes)) taken++;
                else refused++;
            }
            catch (Exception)
            {
                thrown++;
            }

            nanoseconds += System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalNanoseconds;
            allocatedMax = Math.Max(allocatedMax, GC.GetAllocatedBytesForCurrentThread() - allocated);
        }

        Console.WriteLine(
            $"{what,-34}{codec,-11}{Share(refused),9}{Share(thrown),9}{Share(taken),9}"
            + $"{nanoseconds / Trials,10:F0}{allocatedMax,11}");
    }

    private static string Share(int count) => $"{100.0 * count / Trials:F1}%";

    private byte[] Cut(byte[] bytes) => bytes[..(int)_rng.Below(bytes.Length)];

    private byte[] Changed(byte[] bytes)
    {
        var copy = bytes.ToArray();
        copy[_rng.Below(copy.Length)] = (byte)_rng.Below(256);
        return copy;
    }

    private byte[] Random()
    {
        var bytes = new byte[64];
        for (var i = 0; i < bytes.Length; i++) bytes[i] = (byte)_rng.Below(256);
        return bytes;
    }

    /// <summary>A job in which one field promises 2^31-1 bytes.</summary>
    private static byte[] OwnPromise(int field)
    {
        var writer = new FieldWriter();
        writer.Packed((ulong)MessageKind.ClientCall);
        var call = writer.Begin(3);
        writer.Packed((ulong)RequestKind.SubmitJob);
        var spec = writer.Begin(1);
        writer.Packed((ulong)(field << 2) | 1);
        writer.Packed(int.MaxValue);
        writer.End(spec);
        writer.End(call);
        return writer.ToArray();
    }

    /// <summary>A job whose workflows, or whose name, promise 2^31-1 elements or bytes.</summary>
    private static byte[] TheirPromise(byte marker)
    {
        byte[] promise = [marker, 0x7F, 0xFF, 0xFF, 0xFF];
        byte[] job = marker == 0xDB
            ? [0x9A, .. promise]
            : [0x9A, 0xA0, 1, 0x90, 0x90, 0xC0, 0xC0, 0xC0, 0xC0, 0x90, .. promise];
        return [0x92, 1, 0x93, 1, 1, 0x92, 1, 0x91, .. job];
    }

    private static byte[] OwnNoCores()
    {
        var writer = new FieldWriter();
        MessageCodec.Encode(NoCores(), writer);
        return writer.ToArray();
    }

    private byte[] TheirNoCores() =>
        generated.Serialize<GeneratedMessage, GeneratedShapes>(GeneratedMessage.Of(NoCores()));

    private static Message.ClientCall NoCores()
    {
        var spec = ((ClientRequest.SubmitJob)SampleMessages.Middle.Request).Spec;
        var job = spec with { Workflows = [spec.Workflows[0] with { Cores = 0 }] };
        return SampleMessages.Middle with { Request = new ClientRequest.SubmitJob(job) };
    }
}
