using CsCheck;
using Hyperscale.Det.Shell.Workloads;

namespace Hyperscale.Det.Tests.Shell.Workloads;

public sealed class OutputTailTests
{
    [Fact]
    public void The_tail_is_the_end_of_everything_written() =>
        Gen.Select(Gen.Int[1, 20], Gen.Byte.Array[0, 30].List[0, 10]).Sample((capacity, writes) =>
        {
            var tail = new OutputTail(capacity);
            foreach (var write in writes) tail.Append(write);
            Assert.Equal(writes.SelectMany(w => w).TakeLast(capacity), tail.ToArray());
        });

    [Fact]
    public void Lines_are_read_however_the_bytes_arrive() =>
        Gen.Select(Gen.Char["ab\n"].Array[0, 60], Gen.Int[1, 9]).Sample((text, chunk) =>
        {
            var bytes = text.Select(c => (byte)c).ToArray();
            var reader = new LineReader(new Dripping(bytes, chunk), 100);
            var lines = new List<string>();
            while (reader.TryRead(out var line)) lines.Add(System.Text.Encoding.ASCII.GetString(line));
            var expected = new string(text).Split('\n').ToList();
            if (expected[^1] == "") expected.RemoveAt(expected.Count - 1);
            Assert.Equal(expected, lines);
        });

    private sealed class Dripping(byte[] bytes, int chunk) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) =>
            base.Read(buffer, offset, Math.Min(count, chunk));
    }
}
