using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Routing;
using static Hyperscale.Det.Tests.Core.Routing.RoutingSamples;

namespace Hyperscale.Det.Tests.Core.Routing;

public sealed class ManagerCircuitTests
{
    private readonly ManagerCircuit _circuit = new();

    [Fact]
    public void Three_errors_in_thirty_seconds_open_it_for_ten()
    {
        Fail(0, 15);
        Assert.Equal(CircuitState.Closed, _circuit.StateAt(At(15)));
        Fail(30);
        Assert.Equal(CircuitState.Open, _circuit.StateAt(At(30)));
        Assert.Equal(CircuitState.Open, _circuit.StateAt(At(39.9)));
        Assert.Equal(CircuitState.HalfOpen, _circuit.StateAt(At(40)));
    }

    [Fact]
    public void Errors_that_lie_further_apart_do_not()
    {
        Fail(0, 15, 30.1, 45.2);

        Assert.Equal(CircuitState.Closed, _circuit.StateAt(At(46)));
    }

    [Fact]
    public void An_answer_between_errors_begins_anew()
    {
        Fail(0, 1);
        _circuit.OnAnswer();
        Fail(2, 3);

        Assert.Equal(CircuitState.Closed, _circuit.StateAt(At(3)));
    }

    [Fact]
    public void Half_open_the_first_result_decides()
    {
        Fail(0, 1, 2);
        Assert.Equal(CircuitState.HalfOpen, _circuit.StateAt(At(12)));

        Fail(14);
        Assert.Equal(CircuitState.Open, _circuit.StateAt(At(23.9)));
        Assert.Equal(CircuitState.HalfOpen, _circuit.StateAt(At(24)));
        _circuit.OnAnswer();
        Assert.Equal(CircuitState.Closed, _circuit.StateAt(At(25)));
    }

    [Fact]
    public void It_opens_only_after_three_errors_and_never_for_good() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 20]).List[0, 60].Sample(history =>
        {
            var circuit = new ManagerCircuit();
            var (now, errors) = (At(0), 0);
            foreach (var (what, later) in history)
            {
                now += Duration.FromSeconds(later);
                if (what == 0)
                {
                    circuit.OnAnswer();
                    errors = 0;
                }
                else
                {
                    circuit.OnError(now);
                    errors++;
                }

                circuit.CheckInvariants();
                if (circuit.StateAt(now) == CircuitState.Open) Assert.True(errors >= 3);
            }

            Assert.NotEqual(CircuitState.Open, circuit.StateAt(now + ManagerCircuit.OpenFor));
        });

    private void Fail(params double[] at)
    {
        foreach (var second in at) _circuit.OnError(At(second));
        _circuit.CheckInvariants();
    }
}
