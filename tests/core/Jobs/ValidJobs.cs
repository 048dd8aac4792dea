using System.Globalization;
using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Jobs;

/// <summary>Jobs that a job file can say.</summary>
internal static class ValidJobs
{
    private static readonly Gen<char> Character =
        Gen.OneOf(Gen.Char['!', '~'], Gen.Char['\u00A1', '\u00FF'], Gen.Char['\u4E00', '\u4E20']);

    private static readonly Gen<string> Name = Gen.String[Character, 1, 12];

    private static readonly Gen<string> Text =
        Gen.String[Gen.OneOf(Character, Gen.Char['\u0001', '\u007F']), 0, 30];

    private static readonly Gen<Threshold> Threshold =
        from metric in Gen.Enum<ThresholdMetric>()
        from comparison in Gen.Enum<ThresholdOperator>()
        from limit in Gen.Long[0, metric == ThresholdMetric.ErrorRate ? 1_000_000 : 1_000_000_000_000_000_000]
        select new Threshold(metric, comparison, limit, TextOf(metric, comparison, limit));

    private static readonly Gen<DatacenterChoice> Datacenters =
        from preferred in Name.List[0, 3]
        from only in Name.List[0, 3]
        let allowed = only.Distinct().ToList()
        from count in Gen.Int[1, allowed.Count == 0 ? JobLimits.DatacentersMax : allowed.Count]
        select new DatacenterChoice(count, preferred.Distinct().ToList(), allowed);

    private static readonly Gen<SloSpec> Slo =
        from targets in Gen.Int[1, JobLimits.SloMillisecondsMax].Array[3].Select(t => t.Order().ToArray())
        from given in Gen.Bool.Array[3]
        select new SloSpec(
            given[0] ? targets[0] : null, given[1] ? targets[1] : null, given[2] ? targets[2] : null);

    private static readonly Gen<string> Url =
        from scheme in Gen.OneOf(Gen.Const("http"), Gen.Const("https"))
        from host in Gen.OneOf(Gen.Const("a.example"), Gen.Const("127.0.0.1"), Gen.Const("[::1]"))
        from port in Gen.Int[1, 65535].Nullable()
        from path in Gen.String[Gen.OneOf(Gen.Char['a', 'z'], Gen.Char['&', ';']), 0, 8]
        select $"{scheme}://{host}{(port is { } p ? $":{p}" : "")}/{path}";

    private static readonly Gen<List<HttpHeader>> Headers =
        Gen.Select(
                Gen.String[Gen.Char['a', 'z'], 1, 6],
                Gen.String[Gen.Char[' ', '~'], 0, 9],
                (name, value) => new HttpHeader($"X-{name}", value))
            .List[0, 3].Select(list => list.DistinctBy(header => header.Name).ToList());

    private static readonly Gen<HttpSpec> Http = Gen.Select(
        Gen.OneOf(Gen.Const("GET"), Gen.Const("POST"), Gen.Const("BREW")),
        Url,
        Headers,
        Text.Null(),
        Gen.Int[100, 599].List[0, 3].Select(list => list.Distinct().ToList()),
        DurationTo(JobLimits.RequestTimeoutSecondsMax),
        (method, url, headers, body, expect, timeout) =>
            new HttpSpec(method, url, headers, body, expect, timeout));

    private static readonly Gen<ExecSpec> Exec = Gen.Select(
        Name, Text.List[0, 3], (program, arguments) => new ExecSpec([program, .. arguments]));

    private static readonly Gen<ResourceBudget> Budget = Gen.Select(
        Gen.Int[1, JobLimits.CpuPercentMax].Nullable(),
        Gen.Long[1, long.MaxValue].Nullable(),
        Gen.Int[1, JobLimits.FileDescriptorsMax].Nullable(),
        (cpu, memory, descriptors) => new ResourceBudget(cpu, memory, descriptors));

    public static readonly Gen<JobSpec> Any =
        from name in Name
        from datacenters in Datacenters
        from budget in Gen.Int[0, JobLimits.RetryBudgetMax].Nullable()
        from each in Gen.Int[0, Math.Min(JobLimits.RetryBudgetPerWorkflowMax, budget ?? 99)].Nullable()
        from bestEffort in BestEffort(datacenters.Count).Null()
        from slo in Slo.Null()
        from thresholds in Threshold.List[0, 3]
        from names in Name.List[1, 5].Select(list => list.Distinct().ToList())
        from workflows in Workflows(names, names.Count)
        select new JobSpec(name, datacenters, budget, each, bestEffort, slo, thresholds, workflows);

    private static Gen<Duration> DurationTo(long seconds) =>
        Gen.OneOf(
                Gen.Long[1_000_000, seconds * 1_000_000_000],
                Gen.Long[1, seconds].Select(s => s * 1_000_000_000))
            .Select(nanoseconds => new Duration(nanoseconds));

    private static Gen<BestEffortSpec> BestEffort(int count) => Gen.Select(
        Gen.Bool,
        Gen.Int[1, count],
        DurationTo(JobLimits.BestEffortDeadlineSecondsMax).Nullable(),
        Gen.Bool,
        (enabled, least, deadline, all) => new BestEffortSpec(enabled, least, deadline, all));

    private static Gen<List<WorkflowSpec>> Workflows(List<string> names, int count) => count == 0
        ? Gen.Const(new List<WorkflowSpec>())
        : Gen.Select(
            Workflows(names, count - 1),
            Workflow(names[count - 1], count - 1),
            (list, last) => (List<WorkflowSpec>)[.. list, last]);

    private static Gen<WorkflowSpec> Workflow(string name, int index) =>
        from isHttp in Gen.Bool
        from isOpen in Gen.Bool
        from cores in Gen.Int[1, JobLimits.CoresMax]
        from duration in DurationTo(JobLimits.DurationSecondsMax)
        from timeout in DurationTo(JobLimits.DurationSecondsMax)
        from ramp in Gen.Long[1_000_000, duration.Nanoseconds].Select(l => new Duration(l)).Nullable()
        from vus in Gen.Int[1, JobLimits.VusMax]
        from rate in Gen.Int[1, JobLimits.RateMax]
        from before in Gen.Int[0, Math.Max(0, index - 1)].List[0, index]
        from http in Http
        from exec in Exec
        from budget in Budget.Null()
        select new WorkflowSpec(
            name,
            isHttp ? WorkflowKind.Http : WorkflowKind.Exec,
            cores,
            duration,
            timeout,
            isHttp && !isOpen ? vus : null,
            isHttp && isOpen ? rate : null,
            before.Distinct().ToList(),
            isHttp ? http : null,
            isHttp ? null : exec,
            budget)
        {
            Ramp = isHttp && !isOpen ? ramp : null,
        };

    private static string TextOf(ThresholdMetric metric, ThresholdOperator comparison, long limit)
    {
        var symbol = comparison switch
        {
            ThresholdOperator.Below => "<",
            ThresholdOperator.AtMost => "<=",
            ThresholdOperator.Above => ">",
            ThresholdOperator.AtLeast => ">=",
        };
        var number = (limit / 1_000_000m).ToString(CultureInfo.InvariantCulture);
        return $"{ThresholdGrammar.NameOf(metric)} {symbol} {number}";
    }
}
