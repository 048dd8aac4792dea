using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli.Views;

/// <summary>A list of jobs: one row each.</summary>
internal static class JobsSheet
{
    public static Sheet Of(JobListJson list) => new(
        [new("id"), new("state"), new("submitted"), new("name"), new("reason")],
        [
            .. list.Jobs.Select(job => (IReadOnlyList<string>)
            [
                job.Id.ToString(), Figures.Word(job.State), Figures.Time(job.Submitted), job.Name,
                job.Reason.Length > 0 ? job.Reason : Figures.None,
            ]),
        ]);
}
