using System.Globalization;

namespace Hyperscale.Det.Kernel;

/// <summary>A setting as its owner wrote it.</summary>
/// <param name="Name">The environment variable's; the configuration file uses the same.</param>
public readonly record struct GivenSetting(string Name, string Value);

/// <summary>Takes the settings of one prefix by name; <see cref="Done"/> reports the rest, and every fault
/// names the setting, its value and what is allowed.</summary>
/// <param name="prefix">For example <c>IDEMPOTENCY_</c>; settings of other prefixes are somebody
/// else's.</param>
/// <param name="given">Of a setting that is there twice, the last counts.</param>
/// <param name="faults">Where faults are added.</param>
public sealed class SettingsReader(
    string prefix, IEnumerable<GivenSetting> given, ICollection<string> faults)
{
    private readonly SortedSet<string> _known = new(StringComparer.Ordinal);
    private readonly List<GivenSetting> _given =
        [.. given.Where(setting => setting.Name.StartsWith(prefix, StringComparison.Ordinal))];

    /// <summary>A length of time; a plain number is seconds.</summary>
    public Duration Time(string name, Duration absent, Duration min, Duration max) =>
        Take(name) is not { } text ? absent
        : Duration.TryParse(text, out var value) && value >= min && value <= max ? value
        : Fault(name, text, $"{Duration.Grammar}, from {min} to {max},", absent);

    public int Whole(string name, int absent, int min, int max) =>
        Take(name) is not { } text ? absent
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            && value >= min && value <= max ? value
        : Fault(
            name, text,
            string.Create(CultureInfo.InvariantCulture, $"a whole number from {min} to {max}"), absent);

    public bool Flag(string name, bool absent) => Take(name) switch
    {
        null => absent,
        "true" => true,
        "false" => false,
        { } text => Fault(name, text, "true or false", absent),
    };

    /// <summary>One of a few words.</summary>
    public string OneOf(string name, string absent, IReadOnlyList<string> allowed) =>
        Take(name) is not { } text ? absent
        : allowed.Contains(text) ? text
        : Fault(name, text, string.Join(" or ", allowed), absent);

    /// <summary>Ends the reading: what nobody took is unknown.</summary>
    public void Done()
    {
        foreach (var name in _given.Select(setting => setting.Name).Distinct(StringComparer.Ordinal))
        {
            if (_known.Contains(name)) continue;
            faults.Add($"{name}: is unknown; settings of this kind are {string.Join(", ", _known)}");
        }
    }

    private string? Take(string name)
    {
        Invariant.Holds(name.StartsWith(prefix, StringComparison.Ordinal));
        _known.Add(name);
        var at = _given.FindLastIndex(setting => setting.Name == name);
        return at < 0 ? null : _given[at].Value;
    }

    private T Fault<T>(string name, string value, string needed, T absent)
    {
        faults.Add($"{name}: is '{value}'; {needed} is needed");
        return absent;
    }
}
