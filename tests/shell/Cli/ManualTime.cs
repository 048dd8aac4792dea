namespace Hyperscale.Det.Tests.Shell.Cli;

/// <summary>A clock that moves when it is told to.</summary>
internal sealed class ManualTime(DateTimeOffset start) : TimeProvider
{
    private TimeSpan _passed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _passed.Ticks;

    public override DateTimeOffset GetUtcNow() => start + _passed;

    public void Advance(TimeSpan by) => _passed += by;
}
