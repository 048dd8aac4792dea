namespace Hyperscale.Det.Jobs;

/// <summary>Sentences that say why: at most <see cref="JobLimits.ReasonLengthMax"/> long.</summary>
public static class ReasonText
{
    /// <summary>The start of a sentence that is too long, cut between characters.</summary>
    public static string Clip(string text)
    {
        if (text.Length <= JobLimits.ReasonLengthMax) return text;
        var length = JobLimits.ReasonLengthMax;
        if (char.IsHighSurrogate(text[length - 1])) length--;
        return text[..length];
    }
}
