using System.Globalization;

namespace Hyperscale.Det.Jobs;

/// <summary>What a URL that load is put on looks like: absolute, http or https, and nothing in it that would
/// not be sent.</summary>
internal static class UrlSyntax
{
    private const string Refused = "\"<>\\^`{|}";

    /// <summary>Why it is none, as the rest of a sentence about it; null when it is one.</summary>
    public static string? FaultOf(string url)
    {
        if (SchemeLength(url) is not { } start) return "is no URL that begins with http:// or https://";
        foreach (var c in url)
        {
            if (c == '#') return "has a part after #, which is never sent";
            if (c is <= ' ' or >= '\u007F' || Refused.Contains(c, StringComparison.Ordinal))
                return $"has the character {FoundText.Quoted(c.ToString())}, "
                    + "which a URL writes percent-encoded";
        }

        var length = url.AsSpan(start).IndexOfAny('/', '?');
        var authority = length < 0 ? url[start..] : url.Substring(start, length);
        if (authority.Contains('@', StringComparison.Ordinal))
            return "has a user name, which is not sent; a header can hold it";
        return AuthorityFault(authority);
    }

    private static int? SchemeLength(string url)
    {
        if (url.StartsWith("http://", StringComparison.OrdinalIgnoreCase)) return 7;
        return url.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? 8 : null;
    }

    private static string? AuthorityFault(string authority)
    {
        var isBracketed = authority.StartsWith('[');
        var hostEnd = isBracketed ? authority.AsSpan().IndexOf(']') + 1 : authority.AsSpan().IndexOf(':');
        if (hostEnd < 0) hostEnd = authority.Length;
        var (host, port) = (authority[..hostEnd], authority[hostEnd..]);
        var isHost = isBracketed ? IsIPv6(host) : IsName(host);
        if (!isHost) return $"has no valid host: {FoundText.Quoted(host)}";
        return port.Length == 0 || IsPort(port) ? null : "has no valid port; :1 to :65535 is allowed";
    }

    private static bool IsPort(string text) =>
        text[0] == ':'
        && ushort.TryParse(text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
        && port > 0;

    private static bool IsName(string host)
    {
        var name = host.EndsWith('.') ? host[..^1] : host;
        return name.Length is > 0 and <= 253 && name.Split('.').All(IsLabel);
    }

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63
        && char.IsAsciiLetterOrDigit(label[0])
        && char.IsAsciiLetterOrDigit(label[^1])
        && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    // RFC 4291, 2.2: eight groups, a run of zero groups may be left out once, the last two may be dotted.
    private static bool IsIPv6(string host)
    {
        if (host.Length < 4) return false;
        var halves = host[1..^1].Split("::");
        if (halves.Length > 2) return false;
        var groups = 0;
        for (var i = 0; i < halves.Length; i++)
        {
            if (halves[i].Length == 0 && halves.Length == 2) continue;
            var parts = halves[i].Split(':');
            var isDotted = i == halves.Length - 1 && parts[^1].Contains('.', StringComparison.Ordinal);
            if (isDotted && !IsIPv4(parts[^1])) return false;
            if (!parts.SkipLast(isDotted ? 1 : 0).All(IsGroup)) return false;
            groups += parts.Length + (isDotted ? 1 : 0);
        }

        return halves.Length == 2 ? groups <= 7 : groups == 8;
    }

    private static bool IsGroup(string group) =>
        group.Length is > 0 and <= 4 && group.All(char.IsAsciiHexDigit);

    private static bool IsIPv4(string text)
    {
        var parts = text.Split('.');
        return parts.Length == 4 && parts.All(part =>
            part.Length <= 3 && (part.Length == 1 || !part.StartsWith('0'))
            && byte.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _));
    }
}
