namespace Hyperscale.Det.Kernel;

/// <summary>Texts that are told and stored within a bound.</summary>
public static class ClippedText
{
    /// <summary>The text, or the start of one that is too long, never cut between the halves of a
    /// character.</summary>
    /// <param name="lengthMax">In UTF-16 code units; above zero.</param>
    public static string Of(string text, int lengthMax)
    {
        if (text.Length <= lengthMax) return text;
        var isCutting = char.IsHighSurrogate(text[lengthMax - 1]);
        return text[..(isCutting ? lengthMax - 1 : lengthMax)];
    }
}
