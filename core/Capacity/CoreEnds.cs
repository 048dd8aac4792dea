namespace Hyperscale.Det.Capacity;

/// <summary>When work ends and how many cores it gives back then; the earliest end first.</summary>
/// <remarks>A binary heap. Ends at the same moment come in no certain order, and their sums are the
/// same.</remarks>
internal sealed class CoreEnds(int capacity)
{
    private (long At, int Cores)[] _ends = new (long, int)[Math.Max(4, capacity)];

    public int Count { get; private set; }

    public void Add(long at, int cores)
    {
        if (Count == _ends.Length) Array.Resize(ref _ends, Count * 2);
        var place = Count++;
        while (place > 0 && _ends[(place - 1) / 2].At > at)
        {
            _ends[place] = _ends[(place - 1) / 2];
            place = (place - 1) / 2;
        }

        _ends[place] = (at, cores);
    }

    public (long At, int Cores) Take()
    {
        var first = _ends[0];
        var moved = _ends[--Count];
        var place = 0;
        while (true)
        {
            var child = (2 * place) + 1;
            if (child >= Count) break;
            if (child + 1 < Count && _ends[child + 1].At < _ends[child].At) child++;
            if (_ends[child].At >= moved.At) break;
            _ends[place] = _ends[child];
            place = child;
        }

        _ends[place] = moved;
        return first;
    }
}
