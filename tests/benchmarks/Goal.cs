namespace Hyperscale.Det.Benchmarks;

/// <summary>What a figure is to be, told below it.</summary>
internal static class Goal
{
    public static bool Tell(string goal, bool isMet)
    {
        Console.WriteLine($"  goal: {goal}: {(isMet ? "met" : "MISSED")}");
        return isMet;
    }
}
