using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Shell.Json;

/// <summary>How a worker would guard workloads on this host.</summary>
/// <param name="Enforcer">The one that it would use.</param>
/// <param name="Enforcers">All there are, the best first.</param>
public sealed record DoctorJson(
    string Enforcer,
    IReadOnlyList<EnforcerJson> Enforcers,
    int Cores,
    long MemoryTotalBytes,
    long MemoryUsedBytes,
    bool GuardsEnabled,
    Duration SampleInterval,
    Duration GracePeriod,
    double WarnThreshold,
    double ThrottleThreshold,
    double KillThreshold);

/// <param name="Fault">Why it cannot be used; null when it can.</param>
public sealed record EnforcerJson(string Name, string? Fault);
