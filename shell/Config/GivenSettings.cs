using System.Collections;
using System.Text.Json;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Shell.Config;

/// <summary>Settings by name, from the environment and from <c>$.settings</c> of a configuration file; the
/// environment's count where both give one.</summary>
internal sealed class GivenSettings
{
    private static readonly string[] Prefixes =
    [
        IdempotencyConfig.Prefix, RetryBudgetConfig.Prefix, BestEffortConfig.Prefix,
        CapacityConfig.SpilloverPrefix, CapacityConfig.CapacityPrefix, AdaptiveRoutingConfig.Prefix,
        AdaptiveRoutingConfig.OlderPrefix, ResourceConfig.Prefix, SloConfig.Prefix,
    ];

    private readonly SortedDictionary<string, string> _environment = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _file = new(StringComparer.Ordinal);

    /// <summary>What the environment of this process gives.</summary>
    public static IReadOnlyList<GivenSetting> OfProcess() =>
    [
        .. Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(entry => new GivenSetting((string)entry.Key, (string?)entry.Value ?? ""))
            .Where(setting => Array.Exists(
                Prefixes, prefix => setting.Name.StartsWith(prefix, StringComparison.Ordinal))),
    ];

    /// <summary>The settings of a process that reads no configuration file.</summary>
    /// <exception cref="ConfigException">Names every setting that is unknown or out of range.</exception>
    public static ReadSettings OfEnvironment(IReadOnlyList<GivenSetting> environment)
    {
        var given = new GivenSettings(environment);
        var faults = new List<string>();
        var config = given.Read(faults);
        return faults.Count == 0 ? config : throw new ConfigException(string.Join('\n', faults));
    }

    public GivenSettings(IEnumerable<GivenSetting> environment)
    {
        foreach (var (name, value) in environment) _environment[name] = value;
    }

    /// <summary>Takes over the members of the file's object.</summary>
    public void Add(JsonElement settings, List<string> faults)
    {
        if (settings.ValueKind != JsonValueKind.Object)
        {
            faults.Add("$.settings: an object of settings and their values is needed");
            return;
        }

        foreach (var member in settings.EnumerateObject())
        {
            if (!Array.Exists(Prefixes, p => member.Name.StartsWith(p, StringComparison.Ordinal)))
                faults.Add(
                    $"$.settings.{member.Name}: is unknown; settings begin with "
                    + string.Join(", ", Prefixes));
            else if (member.Value.ValueKind is JsonValueKind.String)
                _file[member.Name] = member.Value.GetString()!;
            else
                _file[member.Name] = member.Value.GetRawText();
        }
    }

    /// <summary>Every setting, by what it is about; each fault names where it was given.</summary>
    public ReadSettings Read(List<string> faults)
    {
        var warnings = new List<string>();
        var capacity = Read(CapacityConfig.Read, faults);
        return new ReadSettings(
            Read(IdempotencyConfig.Read, faults),
            Read(RetryBudgetConfig.Read, faults),
            Read(BestEffortConfig.Read, faults),
            capacity,
            Read((given, found) => AdaptiveRoutingConfig.Read(given, found, warnings), faults),
            Read(ResourceConfig.Read, faults),
            Read((given, found) => SloConfig.Read(given, found, capacity.HeartbeatInterval), faults))
        {
            Warnings = warnings,
        };
    }

    private T Read<T>(
        Func<IEnumerable<GivenSetting>, ICollection<string>, T> read, List<string> faults)
    {
        var found = new List<string>();
        var config = read(
            _file.Concat(_environment).Select(setting => new GivenSetting(setting.Key, setting.Value)),
            found);
        faults.AddRange(found.Select(fault =>
            _environment.ContainsKey(fault[..fault.IndexOf(':', StringComparison.Ordinal)])
                ? $"environment: {fault}"
                : $"$.settings.{fault}"));
        return config;
    }
}
