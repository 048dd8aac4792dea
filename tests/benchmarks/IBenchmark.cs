namespace Hyperscale.Det.Benchmarks;

/// <summary>One measurement, chosen by name on the command line.</summary>
internal interface IBenchmark
{
    string Name { get; }

    /// <summary>What it measures and its options, in one line.</summary>
    string Summary { get; }

    /// <summary>Runs and prints; the exit code.</summary>
    int Run(string[] options);
}
