using System.Reflection;
using System.Runtime.Loader;
using Hyperscale.Det.Sim.Cli;

namespace Hyperscale.Det.Sim.Mutation;

/// <summary>The simulator loaded a second time, on top of a mutated core. Nothing of the unmutated one is
/// touched, and nothing is paid where no mutant is asked for.</summary>
public sealed class MutatedSimulator
{
    private readonly Assembly _simulator;

    private MutatedSimulator(Assembly simulator) => _simulator = simulator;

    /// <summary>Null, with the fault, when the mutant's change cannot be made or does not compile.</summary>
    public static MutatedSimulator? Load(Mutant mutant, out string fault)
    {
        if (MutantCompiler.Compile(mutant, out fault) is not { } core) return null;
        var context = new MutatedContext(mutant.Name, core);
        return new MutatedSimulator(context.LoadFromAssemblyPath(typeof(MutatedSimulator).Assembly.Location));
    }

    /// <summary>Runs a command line on the mutated core.</summary>
    public int Invoke(string[] args, string mutant) =>
        (int)Call(typeof(SimCommands), nameof(SimCommands.Invoke), args, mutant)!;

    /// <summary>Runs seeds in order until one fails.</summary>
    public MutantDeath? FirstFailure(string profile, ulong from, long count)
    {
        var death = (string[]?)Call(
            typeof(MutantDeath), nameof(MutantDeath.FirstFailure), profile, from, count);
        return death is null ? null : MutantDeath.Of(death);
    }

    // Types of the second simulator are not those of this one: only what both have in common passes.
    private object? Call(Type type, string method, params object[] arguments)
    {
        var own = _simulator.GetType(type.FullName!, throwOnError: true)!;
        return own.GetMethod(method, BindingFlags.Public | BindingFlags.Static)!
            .Invoke(null, BindingFlags.DoNotWrapExceptions, null, arguments, null);
    }

    private sealed class MutatedContext(string name, byte[] core) : AssemblyLoadContext($"mutant {name}")
    {
        protected override Assembly? Load(AssemblyName assemblyName)
        {
            if (assemblyName.Name != MutantCompiler.CoreAssembly) return null;
            using var image = new MemoryStream(core);
            return LoadFromStream(image);
        }
    }
}
