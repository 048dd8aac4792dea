using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Hyperscale.Det.Jobs;

/// <summary>Parses a job file's bytes as JSON, with a fault that says where they are none.</summary>
internal static class JsonText
{
    private const string PositionInMessage = " LineNumber: ";
    private const int MessageShownMax = 300;

    public static JsonDocument? Parse(ReadOnlyMemory<byte> utf8, JobFileFindings findings)
    {
        // Some editors begin a file with it.
        if (utf8.Span.StartsWith("\uFEFF"u8)) utf8 = utf8[3..];
        if (utf8.Length > JobLimits.SpecBytesMax)
        {
            findings.Fault("$", $"has {utf8.Length} bytes; at most {JobLimits.SpecBytesMax} are allowed");
            return null;
        }

        if (utf8.IsEmpty)
        {
            findings.Fault("$", "is empty; one JSON object is allowed");
            return null;
        }

        if (!IsUtf8(utf8.Span, findings)) return null;
        try
        {
            return JsonDocument.Parse(utf8);
        }
        catch (JsonException e)
        {
            var text = e.Message.Split(PositionInMessage)[0];
            var place = Place(e.LineNumber ?? 0, e.BytePositionInLine ?? 0);
            findings.Fault("$", $"is no JSON at {place}: {FoundText.Shown(text, MessageShownMax)}");
            return null;
        }
    }

    private static bool IsUtf8(ReadOnlySpan<byte> bytes, JobFileFindings findings)
    {
        long line = 0, inLine = 0;
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out var rune, out var length) != OperationStatus.Done)
            {
                findings.Fault("$", $"is not UTF-8 at {Place(line, inLine)}: 0x{bytes[0]:x2}");
                return false;
            }

            inLine = rune.Value == '\n' ? 0 : inLine + length;
            line += rune.Value == '\n' ? 1 : 0;
            bytes = bytes[length..];
        }

        return true;
    }

    // Editors count from 1.
    private static string Place(long line, long byteInLine) => $"line {line + 1}, byte {byteInLine + 1}";
}
