using System.Diagnostics;
using System.Globalization;
using System.Net;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Hosting;

namespace Hyperscale.Det.Benchmarks;

/// <summary>From the kill of a gate, which leads groups, to the first acknowledgement of a
/// submission to one of them by another gate.</summary>
/// <remarks>It has the silence in it after which a gate counts as dead, the view change, and that who leads
/// next takes up every live job of its groups.</remarks>
internal sealed class FailoverBenchmark : IBenchmark
{
    // One below the number of live jobs that a gate takes, and room for those submitted afterwards.
    private const int JobsMax = 99_900;
    private const int Clients = 1000;
    private const int NativeNodes = 4;
    private const int Accepted = 202;
    private static readonly TimeSpan FillWithin = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(10);

    public string Name => "failover";

    public string Summary =>
        "from kill -9 of a gate to the first acknowledgement by another, with live jobs [--dir DIR]"
        + " [--jobs N]";

    public int Run(string[] options)
    {
        var (dir, jobs) = (Path.GetTempPath(), JobsMax);
        for (var i = 0; i + 1 < options.Length; i += 2)
        {
            if (options[i] == "--dir") dir = options[i + 1];
            else if (options[i] != "--jobs" || !TryJobs(options[i + 1], out jobs)) return Refuse();
        }

        if (options.Length % 2 != 0) return Refuse();
        using var owned = new OwnedDirectory(Directory.CreateDirectory(
            Path.Combine(dir, $"hyperscale-failover-{Environment.ProcessId}")).FullName);
        try
        {
            using var gates = owned.Own(GateCluster.Start(owned.Next(0)));
            Fill(gates.Value, jobs);
            Measure(gates.Value, jobs);
            return 0;
        }
        // Thrown on, it would end this process before the others.
        catch (Exception e) when (e is InvalidOperationException or IOException or AggregateException)
        {
            Console.Error.WriteLine(e.GetBaseException().Message);
            return 1;
        }
    }

    private static bool TryJobs(string text, out int jobs) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out jobs)
        && jobs is > 0 and <= JobsMax;

    private static int Refuse()
    {
        Console.Error.WriteLine($"usage: failover [--dir DIR] [--jobs N]; N is 1 to {JobsMax}");
        return 2;
    }

    private static void Fill(GateCluster gates, int jobs)
    {
        var nodes = Enumerable.Range(0, NativeNodes).Select(_ =>
            NativeClient.Start(gates.Topology, gates.Addresses, gates.Services)).ToList();
        try
        {
            var load = new SubmissionLoad(
                [.. Enumerable.Range(0, Clients).Select(i => new NativeSubmitter(nodes[i % nodes.Count]))]);
            var filled = load.Run(FillWithin, jobs);
            Console.WriteLine(
                $"{filled.Taken} live jobs after {filled.Seconds:F0} s; {filled.Refused} not taken"
                + $"{(filled.Refusal is null ? "" : $", such as: {filled.Refusal}")}");
        }
        finally
        {
            foreach (var node in nodes) node.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static void Measure(GateCluster gates, int jobs)
    {
        var leaders = Leaders(gates);
        var (lost, led) = leaders.CountBy(leader => leader.Value).MaxBy(gate => gate.Value);
        var number = jobs + 1L;
        while (leaders[gates.Topology.GroupOfKey(SubmittedJob.KeyOf(number))] != lost) number++;
        Console.WriteLine($"kill -9 of {lost}, which leads {led} of {gates.Topology.LedgerGroups} groups");
        var killed = gates.Topology.Gates.ToList().IndexOf(lost);
        gates.Kill(killed);
        var clock = Stopwatch.StartNew();
        var others = gates.Http.Where((_, gate) => gate != killed);
        var first = Task.WhenAny(others.Select(gate => SubmitAsync(gate, number, clock)).ToArray());
        var (at, tries, gateThat) = first.GetAwaiter().GetResult().GetAwaiter().GetResult();
        Console.WriteLine(
            $"acknowledged by {gateThat} after {at.TotalSeconds:F2} s, at request {tries}; load average "
            + File.ReadAllText("/proc/loadavg").Split(' ')[0]);
    }

    private static Dictionary<int, NodeId> Leaders(GateCluster gates)
    {
        var client = NativeClient.Start(gates.Topology, gates.Addresses, gates.Services);
        try
        {
            var answer = client.AskAsync(new ClientRequest.GetCluster(false), CancellationToken.None)
                .GetAwaiter().GetResult();
            return answer is ClientResponse.Cluster { Missing.Count: 0 } cluster
                ? cluster.Gates
                    .SelectMany(gate => gate.Groups.Where(group => group.IsPrimary), (gate, group) =>
                        (group.Group, gate.Gate))
                    .ToDictionary(led => led.Group, led => led.Gate)
                : throw new InvalidOperationException($"who leads is not known: {answer}");
        }
        finally
        {
            client.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    /// <summary>Submits under one key until it is acknowledged.</summary>
    private static async Task<(TimeSpan At, int Tries, IPEndPoint Gate)> SubmitAsync(
        IPEndPoint gate, long number, Stopwatch clock)
    {
        using var connection = new HttpConnection(gate);
        var header = $"Idempotency-Key: {SubmittedJob.KeyOf(number).Text}\r\n";
        for (var tries = 1; ; tries++)
        {
            var (status, body) = await connection.PostAsync("/v1/jobs", header, SubmittedJob.Json);
            if (status == Accepted) return (clock.Elapsed, tries, gate);
            if (clock.Elapsed > Patience) throw new InvalidOperationException($"{gate}: {status} {body}");
            await Task.Delay(Between);
        }
    }
}
