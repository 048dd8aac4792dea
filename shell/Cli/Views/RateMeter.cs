using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli.Views;

/// <summary>Requests a second of each workflow in each slot, over the last few seconds.</summary>
internal sealed class RateMeter(TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(4);

    private readonly Dictionary<(int Slot, int Workflow), Queue<(long At, long Requests)>> _samples = [];

    public void Add(StatusJson status)
    {
        var now = time.GetTimestamp();
        foreach (var slot in status.Slots)
        {
            for (var i = 0; i < slot.Workflows.Count; i++)
                Add((slot.Slot, i), now, slot.Workflows[i].Numbers.Requests);
        }
    }

    /// <summary>Null as long as fewer than two numbers are known.</summary>
    public double? Of(int slot, int workflow)
    {
        if (!_samples.TryGetValue((slot, workflow), out var samples) || samples.Count < 2) return null;
        var (first, last) = (samples.Peek(), samples.Last());
        var seconds = time.GetElapsedTime(first.At, last.At).TotalSeconds;
        return seconds > 0 ? (last.Requests - first.Requests) / seconds : null;
    }

    private void Add((int, int) key, long now, long requests)
    {
        if (!_samples.TryGetValue(key, out var samples)) _samples[key] = samples = [];
        // A retried workflow begins to count anew, and an unchanged number is news of something else.
        if (samples.Count > 0 && samples.Last().Requests > requests) samples.Clear();
        if (samples.Count > 0 && samples.Last().Requests == requests) return;
        samples.Enqueue((now, requests));
        while (samples.Count > 2 && time.GetElapsedTime(samples.Peek().At, now) > Window) samples.Dequeue();
    }
}
