using Xunit.Sdk;
using Xunit.v3;

// One exploration at a time: each controls the scheduling of everything its scenario starts.
[assembly: Parallelization(Mode = ParallelMode.None)]
