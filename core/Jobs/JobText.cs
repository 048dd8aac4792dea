namespace Hyperscale.Det.Jobs;

/// <summary>Texts that travel with a job.</summary>
internal static class JobText
{
    /// <summary>The beginning of a text, never half of a surrogate pair.</summary>
    public static string Cut(string text, int lengthMax)
    {
        if (text.Length <= lengthMax) return text;
        return text[..(char.IsHighSurrogate(text[lengthMax - 1]) ? lengthMax - 1 : lengthMax)];
    }
}
