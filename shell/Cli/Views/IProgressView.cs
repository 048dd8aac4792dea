using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli.Views;

/// <summary>Shows a job while it runs.</summary>
internal interface IProgressView
{
    /// <summary>Shows every status as it arrives; ends with the last one.</summary>
    /// <returns>The last status.</returns>
    Task<StatusJson> FollowAsync(IAsyncEnumerable<StatusJson> statuses);

    /// <summary>Says something in between.</summary>
    void Note(string message);
}
