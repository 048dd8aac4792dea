using System.Text;
using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Jobs;

/// <summary>Whatever the bytes, the reader answers with a job or with faults.</summary>
public sealed class JobSpecFuzzTests
{
    [Fact]
    public void A_damaged_file_never_throws_and_is_read_or_told()
    {
        var file = Encoding.UTF8.GetBytes(JobFile.Valid);
        var damage = Gen.Select(Gen.Int[0, file.Length - 1], Gen.Int[0, 20], Gen.Byte.Array[0, 8]);
        damage.Array[1, 4].Sample(
            parts =>
            {
                var bytes = file.ToList();
                foreach (var (at, length, inserted) in parts)
                {
                    var from = Math.Min(at, bytes.Count);
                    bytes.RemoveRange(from, Math.Min(length, bytes.Count - from));
                    bytes.InsertRange(from, inserted);
                }

                AssertReadOrTold(bytes.ToArray());
            },
            iter: 20_000);
    }

    [Fact]
    public void A_file_with_parts_exchanged_never_throws_and_is_read_or_told()
    {
        string[] values =
        [
            "null", "true", "-1", "0", "1", "1.5", "1e400", "1e-400", "99999999999999999999", "\"\"", "\"x\"",
            "\"\\ud800\"", "\"1w1d\"", "\"999999999999999999w\"", "\"${TARGET}\"", "\"http://[::1]:1/\"",
            "[]", "[[]]", "[1, \"a\"]", "{}", "{\"\\udc00\": 1}", "{\"url\": \"http://h\"}", "\"p95Ms < 1\"",
        ];
        var pieces = JobFile.Valid.Split(' ', '\n').Where(piece => piece != "").ToArray();
        var change = Gen.Select(Gen.Int[0, pieces.Length - 1], Gen.Int[0, values.Length - 1]);
        change.Array[1, 5].Sample(
            changes =>
            {
                var changed = pieces.ToArray();
                foreach (var (at, choice) in changes)
                {
                    // A trailing comma or bracket stays where it was, so that much stays well-formed.
                    var tail = changed[at].Length - changed[at].TrimEnd(',', '}', ']').Length;
                    changed[at] = values[choice] + changed[at][^tail..];
                }

                AssertReadOrTold(Encoding.UTF8.GetBytes(string.Join(' ', changed)));
            },
            iter: 20_000);
    }

    private static void AssertReadOrTold(byte[] json)
    {
        var faults = new List<JobFault>();
        var spec = JobSpecReader.Read(json, JobFile.Target, faults);
        Assert.Equal(spec is null, faults.Count > 0);
        Assert.All(faults, fault => Assert.InRange(fault.Message.Length, 1, JobLimits.ReasonLengthMax));
        if (spec is not null) AssertTravels(spec);
    }

    /// <summary>A job that a gate takes from a file can be stored and sent.</summary>
    private static void AssertTravels(JobSpec spec)
    {
        var writer = new FieldWriter();
        JobFields.Write(writer, spec);
        var reader = new FieldReader(writer.Written);
        var back = JobFields.ReadJobSpec(ref reader);
        Assert.Null(reader.Fault);
        Assert.Equal(Content.Of(spec), Content.Of(back));
    }
}
