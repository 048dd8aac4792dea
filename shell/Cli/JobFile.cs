using Hyperscale.Det.Jobs;

namespace Hyperscale.Det.Shell.Cli;

/// <summary>A job file as it lies on the disk.</summary>
internal sealed class JobFile
{
    private const string StandIn = "http://target.invalid";

    private readonly string _file;
    private readonly byte[] _bytes;

    private JobFile(string file, byte[] bytes)
    {
        _file = file;
        _bytes = bytes;
    }

    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Whether the job leaves its target open.</summary>
    public bool NeedsTarget => _bytes.AsSpan().IndexOf("${TARGET}"u8) >= 0;

    /// <exception cref="CliException">The file cannot be read.</exception>
    public static JobFile Open(string file)
    {
        try
        {
            var length = new FileInfo(file).Length;
            if (length > JobLimits.SpecBytesMax)
                throw new CliException(
                    ExitCode.Usage,
                    $"{file}: has {length} bytes; at most {JobLimits.SpecBytesMax} are allowed");
            return new JobFile(file, File.ReadAllBytes(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CliException(ExitCode.Usage, $"{file}: cannot be read: {e.Message}");
        }
    }

    /// <summary>The job with its target.</summary>
    /// <exception cref="CliException">Names every fault of the job.</exception>
    public JobSpec Read(string? target, CliContext context)
    {
        var faults = new List<JobFault>();
        var notes = new List<JobNote>();
        var spec = JobSpecReader.Read(_bytes, target, faults, notes);
        foreach (var note in notes) context.WriteError($"{_file}: {note.Path}: {note.Message}");
        return spec ?? throw new CliException(
            ExitCode.Usage, [.. faults.Select(fault => $"{_file}: {fault.Path}: {fault.Message}")]);
    }

    /// <summary>The job, whose target may be left open.</summary>
    /// <exception cref="CliException">Names every fault of the job.</exception>
    public JobSpec CheckOrThrow(string? target)
    {
        var faults = new List<JobFault>();
        return Check(target, faults, []) ?? throw new CliException(
            ExitCode.Usage, [.. faults.Select(fault => $"{_file}: {fault.Path}: {fault.Message}")]);
    }

    /// <summary>Everything that is wrong with the job and everything worth knowing of it. A target that is
    /// left open is no fault.</summary>
    public JobSpec? Check(string? target, List<JobFault> faults, List<JobNote> notes) =>
        JobSpecReader.Read(_bytes, target ?? (NeedsTarget ? StandIn : null), faults, notes);
}
