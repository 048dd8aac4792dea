using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using Hyperscale.Det.Tests.Architecture;

namespace Hyperscale.Det.Tests.Tla;

/// <summary>Runs <c>check.mjs</c>; installs the checker first, once.</summary>
public sealed class ModelChecker : IAsyncLifetime
{
    private const string Needs =
        "the specifications are checked by node (version 20 or newer) with a package that npm installs; "
        + "both have to be on the PATH";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public async ValueTask InitializeAsync()
    {
        var (exitCode, _, error) = await Run("--install");
        Assert.True(exitCode == 0, $"{error}\n{Needs}");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public static async Task<ModelResult> Check(string module, string config, params string[] settings)
    {
        var (exitCode, output, error) = await Run([$"tla/{module}.tla", $"tla/{config}", .. settings]);
        Assert.True(exitCode is 0 or 1, $"{module} with {config}: {output}{error}");
        var result = JsonDocument.Parse(output).RootElement;
        return new ModelResult(
            result.GetProperty("states").GetInt32(),
            result.GetProperty("violated").GetString(),
            result.GetProperty("trace").ToString());
    }

    private static async Task<(int ExitCode, string Output, string Error)> Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("node")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Repository.Root,
            ArgumentList = { "tests/tla/check.mjs" },
        };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var process = Start(start);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var late = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"no end after {Patience}: {string.Join(' ', start.ArgumentList)}");
        }

        return (process.ExitCode, await output, await error);
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException($"{Needs}: {missing.Message}", missing);
        }
    }
}

/// <param name="Violated">The invariant that does not hold; null when all do.</param>
/// <param name="Trace">The way to the violation.</param>
public sealed record ModelResult(int States, string? Violated, string Trace);
