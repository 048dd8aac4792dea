using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Shell.Cli.Api;

namespace Hyperscale.Det.Tests.Shell.Cli;

public sealed class ClientKeysTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("keys-").FullName;
    private readonly List<string> _notes = [];

    private string State => Path.Combine(_directory, "client");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void The_name_and_the_sequence_outlast_the_process_and_each_start_has_its_own_nonce()
    {
        var (first, second) = (Parts(Next()), Parts(Next()));

        Assert.Equal(first.Series.ClientId, second.Series.ClientId);
        Assert.Equal((0, 1), (first.Sequence, second.Sequence));
        Assert.NotEqual(first.Series.Nonce, second.Series.Nonce);
        Assert.Empty(_notes);
    }

    [Fact]
    public async Task Processes_at_the_same_time_never_get_the_same_sequence()
    {
        var keys = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => Task.Run(Next)).ToArray());
        var sequences = keys.Select(key => Parts(key).Sequence).Order();
        Assert.Equal(Enumerable.Range(0, 40).Select(i => (long)i), sequences);
    }

    [Fact]
    public void A_sequence_is_on_disk_as_used_before_its_key_leaves()
    {
        Next();
        Assert.Equal("1", File.ReadAllLines(State)[2]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("something else\n")]
    [InlineData("hyperscale client 1\ncli\nmany\n")]
    [InlineData("hyperscale client 1\ncli\n9223372036854775807\n")]
    public void A_file_that_cannot_be_used_is_left_alone_and_a_new_name_is_drawn(string text)
    {
        File.WriteAllText(State, text);
        var (first, second) = (Parts(Next()), Parts(Next()));

        Assert.NotEqual(first.Series.ClientId, second.Series.ClientId);
        Assert.Equal(text, File.ReadAllText(State));
        Assert.All(_notes, note => Assert.Contains(State, note, StringComparison.Ordinal));
        Assert.Equal(2, _notes.Count);
    }

    [Fact]
    public void Where_nothing_can_be_kept_the_key_is_unique_all_the_same()
    {
        var file = Path.Combine(_directory, "file");
        File.WriteAllText(file, "");
        var keys = new ClientKeys(Path.Combine(file, "below"));

        Assert.NotEqual(keys.Next(_notes.Add), keys.Next(_notes.Add));
        Assert.Equal(2, _notes.Count);
    }

    [Fact]
    public void What_a_crash_left_half_written_does_no_harm()
    {
        Next();
        File.WriteAllText($"{State}.new", "half");
        Assert.Equal(1, Parts(Next()).Sequence);
    }

    private IdempotencyKey Next() => new ClientKeys(_directory).Next(_notes.Add);

    private static (KeySeries Series, long Sequence) Parts(IdempotencyKey key)
    {
        Assert.True(key.TryGetSequence(out var series, out var sequence));
        return (series, sequence);
    }
}
