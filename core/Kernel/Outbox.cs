namespace Hyperscale.Det.Kernel;

/// <summary>The effects of a step, in order; reused from step to step and read after the step.</summary>
public sealed class Outbox<TEffect>
{
    private readonly List<TEffect> _effects = [];

    public IReadOnlyList<TEffect> Effects => _effects;

    public int Count => _effects.Count;

    public TEffect this[int index] => _effects[index];

    public void Emit(TEffect effect) => _effects.Add(effect);

    public void Clear() => _effects.Clear();
}
