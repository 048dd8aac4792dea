using Hyperscale.Det.Benchmarks;

IBenchmark[] benchmarks =
    [new CodecBenchmark(), new WalBenchmark(), new RecoveryBenchmark(), new IdempotencyBenchmark(),
     new SubmissionsBenchmark(), new FailoverBenchmark(), new RoutingBenchmark(), new ResourcesBenchmark(),
     new SloBenchmark()];
var chosen = args.Length == 0 ? null : Array.Find(benchmarks, benchmark => benchmark.Name == args[0]);
if (chosen is not null) return chosen.Run(args[1..]);

Console.Error.WriteLine("usage: dotnet run -c Release --project tests/benchmarks -- NAME [OPTIONS]");
foreach (var benchmark in benchmarks) Console.Error.WriteLine($"  {benchmark.Name,-12} {benchmark.Summary}");
return 2;
