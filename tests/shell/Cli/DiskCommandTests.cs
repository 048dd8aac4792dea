namespace Hyperscale.Det.Tests.Shell.Cli;

/// <summary>A node's disk is made once, by an operator; a lost one is begun anew, by an operator,
/// too.</summary>
public sealed class DiskCommandTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("hyperscale-test-").FullName;

    private string Data => Path.Combine(_directory, "data", "gate-1");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_node_does_not_start_on_an_empty_directory()
    {
        var refused = await CliProcess.RunAsync("gate", "--config", Config("gate-1"));

        Assert.Equal(2, refused.Code);
        Assert.Contains(Data, refused.Error, StringComparison.Ordinal);
        Assert.Contains("'hyperscale init --config FILE'", refused.Error, StringComparison.Ordinal);
        Assert.Contains("'hyperscale recover --config FILE'", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nodes_are_made_once_and_what_keeps_nothing_is_passed_over()
    {
        string[] configs = [Config("gate-1"), Config("worker-1"), Config("manager-1")];
        var made = await CliProcess.RunAsync(["init", "--config", .. configs]);

        Assert.Equal((0, ""), (made.Code, made.Error));
        Assert.Contains($"gate-1: life 1 begins in {Data}", made.Out, StringComparison.Ordinal);
        Assert.Contains("worker-1: keeps nothing", made.Out, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(_directory, "data", "manager-1", "identity")));

        var again = await CliProcess.RunAsync("init", "--config", configs[0]);
        Assert.Equal(2, again.Code);
        Assert.Contains("a node is made once", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_faulty_configuration_leaves_every_disk_as_it_is()
    {
        var faulty = Path.Combine(_directory, "faulty.json");
        await File.WriteAllTextAsync(faulty, "{}", TestContext.Current.CancellationToken);

        var refused = await CliProcess.RunAsync("init", "--config", Config("gate-1"), faulty);

        Assert.Equal(2, refused.Code);
        Assert.False(Directory.Exists(Data));
    }

    [Fact]
    public async Task A_lost_disk_begins_a_life_above_those_that_are_known()
    {
        var config = Config("gate-1");
        Assert.Equal(0, (await CliProcess.RunAsync("init", "--config", config)).Code);
        foreach (var life in new[] { 2, 3 })
        {
            var begun = await CliProcess.RunAsync("recover", "--config", config);
            Assert.Equal((0, ""), (begun.Code, begun.Error));
            Assert.Equal($"gate-1: life {life} begins in {Data}\n", begun.Out);
        }

        var below = await CliProcess.RunAsync("recover", "--config", config, "--incarnation", "3");
        Assert.Equal(2, below.Code);
        Assert.Contains("incarnation 3 is not above 3", below.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_disk_without_a_replica_is_not_recovered()
    {
        var config = Path.Combine(_directory, "gate-1.json");
        await File.WriteAllTextAsync(
            config,
            """
            {
              "clusterId": "alone", "nodeId": "gate-1", "role": "gate",
              "listen": "127.0.0.1:7101", "httpListen": "127.0.0.1:8400", "dataDirectory": "data/gate-1",
              "topology": {
                "gates": [ { "id": "gate-1", "address": "127.0.0.1:7101" } ],
                "datacenters": [ { "name": "dc-a", "managers": [
                  { "id": "dc-a/manager-1", "address": "127.0.0.1:7201" } ] } ]
              }
            }
            """,
            TestContext.Current.CancellationToken);
        Assert.Equal(0, (await CliProcess.RunAsync("init", "--config", config)).Code);

        var refused = await CliProcess.RunAsync("recover", "--config", config);

        Assert.Equal(2, refused.Code);
        Assert.Contains("gate-1 alone keeps its ledger", refused.Error, StringComparison.Ordinal);
        Assert.Contains($"{Data} is left as it is", refused.Error, StringComparison.Ordinal);
    }

    private string Config(string node)
    {
        var file = Path.Combine(_directory, $"{node}.json");
        File.Copy(Path.Combine(Examples.Directory, "cluster", $"{node}.json"), file);
        return file;
    }
}
