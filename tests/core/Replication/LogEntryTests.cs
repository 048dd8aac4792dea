using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Tests.Core.Replication;

public sealed class LogEntryTests
{
    private static readonly Gen<LogEntry> Entries = Gen.Select(
        Gen.Int[0, int.MaxValue],
        Gen.Long[1, long.MaxValue],
        Gen.Long[1, long.MaxValue],
        Gen.Long,
        Gen.Byte.Array[0, 50],
        (group, op, view, stamp, command) => new LogEntry(group, op, view, new WallTime(stamp), command));

    [Fact]
    public void An_entry_comes_back() => Entries.Sample(entry =>
    {
        var back = LogEntry.Decode(entry.Encode(), out var fault);
        Assert.Equal("", fault);
        Assert.Equal(entry with { Command = default }, back! with { Command = default });
        Assert.Equal(entry.Command.ToArray(), back.Command.ToArray());
    });

    [Fact]
    public void A_damaged_entry_is_judged_and_never_thrown_at() =>
        Gen.Select(Entries, Gen.Int[0, 1000], Gen.Byte, Gen.Int[0, 1000]).Sample((entry, at, value, cut) =>
        {
            var bytes = entry.Encode();
            bytes[at % bytes.Length] = value;
            var back = LogEntry.Decode(bytes.AsSpan(0, cut % (bytes.Length + 1)), out var fault);
            Assert.Equal(back is null, fault != "");
            if (back is null) return;
            Assert.True(back.Group >= 0 && back.Op >= 1 && back.View >= 1);
        });

    [Fact]
    public void An_entry_without_its_command_names_what_is_missing()
    {
        var bytes = new LogEntry(1, 2, 3, new WallTime(4), new byte[] { 5 }).Encode();

        Assert.Null(LogEntry.Decode(bytes.AsSpan()[..^3], out var fault));
        Assert.Equal("command is missing", fault);
    }

    [Fact]
    public void The_format_of_an_entry_stays() => Assert.Equal(
        "040208040C0610081501AB",
        Convert.ToHexString(new LogEntry(1, 2, 3, new WallTime(4), new byte[] { 0xAB }).Encode()));
}
