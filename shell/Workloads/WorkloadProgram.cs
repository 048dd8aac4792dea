namespace Hyperscale.Det.Shell.Workloads;

/// <summary>The program that workload processes run: this very one, under one of its hidden
/// commands.</summary>
public sealed record WorkloadProgram(string Path)
{
    public const string LoadHttp = "load-http";
    public const string Supervise = "supervise";

    /// <summary>The file beside this assembly, also when another program hosts it.</summary>
    public static readonly WorkloadProgram Own = new(
        System.IO.Path.GetFileName(Environment.ProcessPath) == "hyperscale"
            ? Environment.ProcessPath!
            : System.IO.Path.Combine(AppContext.BaseDirectory, "hyperscale"));
}
