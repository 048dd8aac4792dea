using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli.Views;

/// <summary>The gates and the ledger groups they keep.</summary>
internal static class ClusterView
{
    public static void Draw(ClusterJson cluster, CliContext context)
    {
        var replicas = cluster.Replicas.SelectMany(gate => gate.Groups).ToList();
        var groups = replicas.Select(replica => replica.Group).Distinct().Count();
        var led = replicas.Where(replica => replica.Fence is not null)
            .Select(replica => replica.Group).Distinct().Count();
        var lag = replicas.Select(replica => replica.Lag).DefaultIfEmpty(0).Max();
        context.Out.WriteLine(
            $"cluster {cluster.ClusterId}: {Figures.Counted(cluster.Gates.Count, "gate")}, "
            + $"{Figures.Counted(groups, "ledger group")}, {Figures.Count(led)} led, "
            + $"lag at most {Figures.Count(lag)}");
        Screen.Draw(SheetOf(cluster), context);
        if (cluster.Missing.Count == 0) return;
        context.WriteError($"{string.Join(", ", cluster.Missing)} gave no answer");
    }

    private static Sheet SheetOf(ClusterJson cluster) => new(
        [
            new("group", IsNumber: true), new("gate"), new("role"), new("view", IsNumber: true),
            new("commit", IsNumber: true), new("op", IsNumber: true), new("lag", IsNumber: true),
            new("fence", IsNumber: true), new("lease"), new("life", IsNumber: true),
        ],
        from gate in cluster.Replicas
        from replica in gate.Groups
        orderby replica.Group
        select (IReadOnlyList<string>)
        [
            Figures.Count(replica.Group), gate.Gate, replica.Role, Figures.Count(replica.View),
            Figures.Count(replica.Commit), Figures.Count(replica.Op), Figures.Count(replica.Lag),
            replica.Fence is { } fence ? Figures.Count(fence) : Figures.None,
            replica.HasLease ? "yes" : Figures.None, Figures.Count(replica.Life),
        ]);
}
