using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Slo;

/// <summary>What an earlier primary made of its datacenter's latencies, as a gate reminds the next one of
/// it.</summary>
/// <param name="Mark">Of the report.</param>
/// <param name="Health">Not healthy: nobody is acquitted by what others remember.</param>
/// <param name="Age">Since it was true, to the millisecond.</param>
public readonly record struct SloStanding(SloMark Mark, SloHealth Health, Duration Age)
{
    public static void Write(FieldWriter writer, SloStanding standing)
    {
        writer.Number(1, standing.Mark.View);
        writer.Number(2, standing.Mark.Life);
        writer.Number(3, standing.Mark.Version);
        writer.Number(4, (long)standing.Health.Health);
        writer.Number(5, (long)standing.Health.Rule);
        writer.Number(6, standing.Age.Milliseconds);
    }

    public static SloStanding Read(ref FieldReader reader)
    {
        long view = 0, life = 0, version = 0, age = 0;
        var (health, rule) = (DatacenterHealth.Healthy, SloRuleKind.None);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: view = reader.Number("view", 0); break;
                case 2: life = reader.Number("life", 0); break;
                case 3: version = reader.Number("version", 0); break;
                case 4: health = reader.Choice("health", DatacenterHealth.Unhealthy); break;
                case 5: rule = reader.Choice("rule", SloRuleKind.P99Unhealthy); break;
                case 6: age = reader.Number("age", 0, SloLimits.StandingAgeMax.Milliseconds); break;
                default: break;
            }
        }

        for (var field = 1; field <= 6; field++) reader.Require(field, $"field {field}");
        if (reader.Fault is null && (rule == SloRuleKind.None || health != SloHealth.Of(rule).Health))
            reader.Fail($"{rule} makes no datacenter {health}");
        return new SloStanding(
            new SloMark(view, life, version), new SloHealth(health, rule), Duration.FromMilliseconds(age));
    }
}
