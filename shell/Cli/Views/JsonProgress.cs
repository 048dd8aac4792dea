using System.Text.Json;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli.Views;

/// <summary>One line of JSON for each status.</summary>
internal sealed class JsonProgress(CliContext context) : IProgressView
{
    public async Task<StatusJson> FollowAsync(IAsyncEnumerable<StatusJson> statuses)
    {
        StatusJson last = null!;
        await foreach (var status in statuses)
        {
            context.Out.WriteLine(JsonSerializer.Serialize(status, ApiJson.Compact.StatusJson));
            last = status;
        }

        return last;
    }

    public void Note(string message) => context.WriteError(message);
}

/// <summary>Shows nothing: only the end is of interest.</summary>
internal sealed class SilentProgress(CliContext context) : IProgressView
{
    public async Task<StatusJson> FollowAsync(IAsyncEnumerable<StatusJson> statuses)
    {
        StatusJson last = null!;
        await foreach (var status in statuses) last = status;
        return last;
    }

    public void Note(string message) => context.WriteError(message);
}
