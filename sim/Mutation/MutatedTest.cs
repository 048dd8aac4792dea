using System.Collections.ObjectModel;
using System.Reflection;
using System.Runtime.Loader;

namespace Hyperscale.Det.Sim.Mutation;

/// <summary>Runs a test of core on another core than the one it was built with.</summary>
/// <param name="assembly">Path of the assembly of core's tests.</param>
public sealed class MutatedTest(string assembly)
{
    private const string Namespace = "Hyperscale.Det.Tests.Core.";

    /// <summary>Why the test fails; null when it passes.</summary>
    /// <param name="test">Type and method, below the namespace of core's tests.</param>
    /// <param name="core">Bytes of the core to run it on.</param>
    /// <exception cref="ArgumentException">There is no such test.</exception>
    public string? Run(string test, byte[] core)
    {
        var dot = test.LastIndexOf('.');
        var context = new TestContext(assembly, core);
        var type = context.LoadFromAssemblyPath(assembly).GetType(Namespace + test[..Math.Max(0, dot)]);
        var method = type?.GetMethod(test[(dot + 1)..])
            ?? throw new ArgumentException($"core has no test {test}", nameof(test));
        foreach (var arguments in CasesOf(method))
            if (FaultOf(type!, method, arguments) is { } fault) return fault;
        return null;
    }

    private static string? FaultOf(Type type, MethodInfo method, object?[] arguments)
    {
        object? test = null;
        try
        {
            test = Activator.CreateInstance(type);
            method.Invoke(test, arguments);
            return null;
        }
        catch (TargetInvocationException failed)
        {
            return failed.InnerException!.Message;
        }
        finally
        {
            (test as IDisposable)?.Dispose();
        }
    }

    /// <summary>The arguments of each case: one without any, unless the cases stand above the
    /// method.</summary>
    private static List<object?[]> CasesOf(MethodInfo method)
    {
        if (method.ReturnType != typeof(void))
            throw new ArgumentException($"{method.Name} is not a test that runs to its end at once");
        var parameters = method.GetParameters();
        if (parameters.Length == 0) return [[]];
        return
        [
            .. from attribute in method.GetCustomAttributesData()
               where attribute.AttributeType.Name == "InlineDataAttribute"
               let given = (ReadOnlyCollection<CustomAttributeTypedArgument>)
                   attribute.ConstructorArguments[0].Value!
               select given.Select((one, i) => parameters[i].ParameterType.IsEnum
                   ? Enum.ToObject(parameters[i].ParameterType, one.Value!)
                   : one.Value).ToArray(),
        ];
    }

    private sealed class TestContext(string assembly, byte[] core) : AssemblyLoadContext("a test of core")
    {
        private readonly AssemblyDependencyResolver _resolver = new(assembly);

        protected override Assembly? Load(AssemblyName assemblyName)
        {
            if (assemblyName.Name == MutantCompiler.CoreAssembly)
                return LoadFromStream(new MemoryStream(core));
            return _resolver.ResolveAssemblyToPath(assemblyName) is { } path
                ? LoadFromAssemblyPath(path)
                : null;
        }
    }
}
