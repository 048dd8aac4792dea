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
/// <param name="olderPrefix">Of names that the settings had earlier; null for none.</param>
public sealed class SettingsReader(
    string prefix,
    IEnumerable<GivenSetting> given,
    ICollection<string> faults,
    string? olderPrefix = null)
{
    private readonly SortedSet<string> _known = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _olderNames = new(StringComparer.Ordinal);
    private readonly List<string> _warnings = [];
    private readonly List<GivenSetting> _given =
    [
        .. given.Where(setting => setting.Name.StartsWith(prefix, StringComparison.Ordinal)
            || (olderPrefix is not null && setting.Name.StartsWith(olderPrefix, StringComparison.Ordinal))),
    ];

    /// <summary>The older names that were read, each with the one to use.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>From here on, what is given under the older name counts where nothing is given under the
    /// newer one.</summary>
    public void Formerly(string older, string name) => _olderNames.Add(name, older);

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

    /// <summary>A number with a decimal point.</summary>
    public double Real(string name, double absent, double min, double max) =>
        Take(name) is not { } text ? absent
        : double.TryParse(
            text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            && value >= min && value <= max ? value
        : Fault(
            name, text, string.Create(CultureInfo.InvariantCulture, $"a number from {min} to {max}"), absent);

    public bool Flag(string name, bool absent) => Take(name) switch
    {
        null => absent,
        "true" => true,
        "false" => false,
        { } text => Fault(name, text, "true or false", absent),
    };

    /// <summary>A flag that there is no setting for any more, only one that does about the same; true where
    /// it is not given.</summary>
    public bool OlderFlag(string older, string instead)
    {
        _known.Add(older);
        if (ValueOf(older) is not { } text) return true;
        _warnings.Add(OlderName(older, instead));
        return text switch
        {
            "true" => true,
            "false" => false,
            _ => Fault(older, text, "true or false", true),
        };
    }

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
            if (_olderNames.ContainsValue(name)) continue;
            faults.Add($"{name}: is unknown; settings of this kind are {string.Join(", ", _known)}");
        }
    }

    private string? Take(string name)
    {
        Invariant.Holds(name.StartsWith(prefix, StringComparison.Ordinal));
        _known.Add(name);
        var older = ValueOfOlder(name);
        return ValueOf(name) ?? older;
    }

    private string? ValueOf(string name)
    {
        var at = _given.FindLastIndex(setting => setting.Name == name);
        return at < 0 ? null : _given[at].Value;
    }

    private string? ValueOfOlder(string name)
    {
        if (!_olderNames.TryGetValue(name, out var older) || ValueOf(older) is not { } value) return null;
        _warnings.Add(OlderName(older, name));
        return value;
    }

    private static string OlderName(string older, string name) =>
        $"{older}: is an older name; {name} is the one to use";

    private T Fault<T>(string name, string value, string needed, T absent)
    {
        var written = ValueOf(name) is null ? _olderNames[name] : name;
        faults.Add($"{written}: is '{value}'; {needed} is needed");
        return absent;
    }
}
