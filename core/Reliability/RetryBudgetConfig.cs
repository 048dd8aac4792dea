using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Reliability;

/// <summary>Settings of retry budgets (AD-44), each with its environment variable. Gates stamp the numbers
/// that come of them into the job, so that settings which differ between gates do no harm.</summary>
/// <param name="Default">Retries of a job that does not say.</param>
/// <param name="Max">Most retries of a job, over all its datacenters.</param>
/// <param name="PerWorkflowDefault">Retries of each workflow of a job that does not say.</param>
/// <param name="PerWorkflowMax">Most retries of a workflow in one datacenter.</param>
public sealed record RetryBudgetConfig(int Default, int Max, int PerWorkflowDefault, int PerWorkflowMax)
{
    /// <summary>What the names of all settings begin with.</summary>
    public const string Prefix = "RETRY_BUDGET_";

    /// <summary>Highest ceiling of a job: what travels between nodes holds no more.</summary>
    public const int CeilingMax = 50;

    /// <summary>Highest ceiling of a workflow.</summary>
    public const int PerWorkflowCeilingMax = 5;

    public static readonly RetryBudgetConfig Standard = new(
        Default: 20, Max: CeilingMax, PerWorkflowDefault: 3, PerWorkflowMax: PerWorkflowCeilingMax);

    /// <summary>Reads the settings whose names begin with <see cref="Prefix"/>; what is not given keeps its
    /// default, or its ceiling where that is lower, and each fault is added to
    /// <paramref name="faults"/>.</summary>
    public static RetryBudgetConfig Read(IEnumerable<GivenSetting> given, ICollection<string> faults)
    {
        var reader = new SettingsReader(Prefix, given, faults);
        var max = reader.Whole("RETRY_BUDGET_MAX", Standard.Max, 0, CeilingMax);
        var each = reader.Whole(
            "RETRY_BUDGET_PER_WORKFLOW_MAX", Standard.PerWorkflowMax, 0, PerWorkflowCeilingMax);
        var config = new RetryBudgetConfig(
            reader.Whole("RETRY_BUDGET_DEFAULT", Math.Min(Standard.Default, max), 0, max),
            max,
            reader.Whole(
                "RETRY_BUDGET_PER_WORKFLOW_DEFAULT", Math.Min(Standard.PerWorkflowDefault, each), 0, each),
            each);
        reader.Done();
        return config;
    }

    /// <summary>The budget of a job that asks for so much; null asks for nothing in particular.</summary>
    public (int Total, int PerWorkflow) EffectiveOf(int? total, int? perWorkflow)
    {
        var effective = Math.Clamp(total ?? Default, 0, Max);
        var each = Math.Clamp(perWorkflow ?? PerWorkflowDefault, 0, PerWorkflowMax);
        return (effective, Math.Min(each, effective));
    }
}
