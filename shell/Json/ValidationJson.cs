namespace Hyperscale.Det.Shell.Json;

/// <summary>What checking a job file found.</summary>
/// <param name="Faults">Why it is not valid; empty when it is.</param>
/// <param name="Notes">What is worth knowing of a valid job.</param>
public sealed record ValidationJson(
    bool Valid, IReadOnlyList<FaultJson> Faults, IReadOnlyList<FaultJson> Notes);
