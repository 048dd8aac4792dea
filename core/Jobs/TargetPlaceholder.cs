namespace Hyperscale.Det.Jobs;

/// <summary>Puts the job's target in the place of <c>${TARGET}</c>.</summary>
/// <remarks>A target's trailing slashes do not count, because the placeholder is followed by a path. Used
/// without a target, the first use is reported, once, and an address that is good for nothing else takes its
/// place, so that the other faults show as well.</remarks>
internal sealed class TargetPlaceholder
{
    public const string Written = "${TARGET}";

    private const string StandIn = "http://target.invalid";

    private readonly string _target;
    private bool _isMissing;
    private long _room = JobLimits.SpecBytesMax;

    public TargetPlaceholder(string? target, JobFileFindings findings)
    {
        _isMissing = target is null;
        _target = target?.TrimEnd('/') ?? StandIn;
        if (target is null || UrlSyntax.FaultOf(_target) is not { } fault) return;
        findings.Fault("$", $"has the target {FoundText.Quoted(target)}, which {fault}");
        _target = StandIn;
    }

    /// <summary>The text with the target in it; null, with a fault, when that makes it or the whole job too
    /// long.</summary>
    public string? Fill(JsonValue at, string text, int lengthMax)
    {
        var uses = UsesIn(text);
        if (uses == 0) return text;
        if (_isMissing) at.Fault($"uses {Written}, but the job is given no target; give one (--target URL)");
        _isMissing = false;
        var growth = (long)uses * (_target.Length - Written.Length);
        var length = text.Length + growth;
        _room -= Math.Max(0, growth);
        if (length > lengthMax)
            at.Fault($"has {length} characters with the target in it; at most {lengthMax} are allowed");
        else if (_room < 0)
            at.Fault($"makes the job longer than {JobLimits.SpecBytesMax} characters with the target in it");
        else
            return text.Replace(Written, _target, StringComparison.Ordinal);
        return null;
    }

    private static int UsesIn(string text)
    {
        var uses = 0;
        for (var at = 0; (at = text.IndexOf(Written, at, StringComparison.Ordinal)) >= 0; uses++)
            at += Written.Length;
        return uses;
    }
}
