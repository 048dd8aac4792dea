using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Resources;

/// <summary>A <see cref="ScalarKalmanFilter"/> that corrects its own noises by how surprised it is
/// (innovation based adaptation, Mehra 1970).</summary>
/// <remarks>Over the last <see cref="Window"/> samples, the mean square of the innovations is compared with
/// what the filter expects of it. The mean square and not the variance: a filter that lags behind by a
/// constant must notice. More than expected raises R, or Q where the surprises have had one sign for a while,
/// as then the number moves; less lowers R. Both stay within a tenth and ten times of what they were first,
/// and Q falls back once nothing moves. An update allocates nothing.</remarks>
public sealed class AdaptiveKalmanFilter
{
    /// <summary>Innovations that are looked at.</summary>
    public const int Window = 20;

    /// <summary>From so many on.</summary>
    public const int WindowMin = 10;

    /// <summary>So many surprises of one sign are a trend: chance makes them once in 64.</summary>
    public const int TrendLength = 7;

    private const double StepFactor = 1.1;
    private const double RatioHigh = 1.2;
    private const double RatioLow = 0.8;
    private const double BoundFactor = 10;

    private readonly double _firstProcessNoise;
    private readonly double _firstMeasurementNoise;
    private readonly bool _isRelative;

    // Squares, in units squared.
    private readonly double[] _squares = new double[Window];
    private ScalarKalmanFilter _filter;
    private double _sum;
    private int _next;
    private int _count;
    private int _run;
    private bool _isRising;

    /// <param name="processNoise">Q at the start.</param>
    /// <param name="measurementNoise">R at the start.</param>
    /// <param name="isRelative">Noises are in percent of the value, squared, instead of the number's own
    /// unit: for what can be bytes or gigabytes.</param>
    public AdaptiveKalmanFilter(double processNoise, double measurementNoise, bool isRelative = false)
    {
        Invariant.Holds(processNoise > 0 && measurementNoise > 0);
        (_firstProcessNoise, _firstMeasurementNoise) = (processNoise, measurementNoise);
        (ProcessNoise, MeasurementNoise) = (processNoise, measurementNoise);
        _isRelative = isRelative;
    }

    /// <summary>0 before the first sample.</summary>
    public double Estimate => _filter.Estimate;

    /// <summary>Standard deviation of the estimate, in the number's unit.</summary>
    public double Uncertainty => _filter.Uncertainty;

    /// <summary>Q now.</summary>
    public double ProcessNoise { get; private set; }

    /// <summary>R now.</summary>
    public double MeasurementNoise { get; private set; }

    public long Samples => _filter.Samples;

    /// <summary>Samples that were no numbers of 0 or more.</summary>
    public long Refused { get; private set; }

    /// <summary>Takes a sample; false, and only <see cref="Refused"/> changes, when it is no number of 0 or
    /// more.</summary>
    public bool Update(double sample)
    {
        if (!ScalarKalmanFilter.IsSample(sample))
        {
            Refused++;
            return false;
        }

        var unit = _isRelative ? Math.Max(1, Math.Max(sample, _filter.Estimate) * 0.01) : 1;
        var square = unit * unit;
        _filter.Step(sample, ProcessNoise * square, MeasurementNoise * square);
        if (_filter.Samples == 1) return true;
        Note(_filter.Innovation * _filter.Innovation / square);
        if (_count >= WindowMin) Adapt(_sum * square / (_filter.InnovationVariance * _count));
        return true;
    }

    public void CheckInvariants()
    {
        Invariant.Holds(IsWithin(ProcessNoise, _firstProcessNoise));
        Invariant.Holds(IsWithin(MeasurementNoise, _firstMeasurementNoise));
        Invariant.Holds(double.IsFinite(Estimate) && Estimate >= 0);
        Invariant.Holds(_filter.Variance >= 0);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Estimate);
        fingerprint.Add(_filter.Variance);
        fingerprint.Add(ProcessNoise);
        fingerprint.Add(MeasurementNoise);
        fingerprint.Add(Samples);
        fingerprint.Add(Refused);
        fingerprint.Add((long)_run);
        fingerprint.Add(_isRising);
        foreach (var square in _squares) fingerprint.Add(square);
    }

    private static bool IsWithin(double noise, double first) =>
        noise >= first / (BoundFactor * 1.000001) && noise <= first * BoundFactor * 1.000001;

    private void Note(double square)
    {
        _sum += square - _squares[_next];
        _squares[_next] = square;
        if (_count < Window) _count++;
        if (++_next == Window)
        {
            _next = 0;
            // Sums of differences drift; once round, it is summed afresh.
            _sum = 0;
            foreach (var item in _squares) _sum += item;
        }

        var isRising = _filter.Innovation > 0;
        _run = isRising == _isRising ? _run + 1 : 1;
        _isRising = isRising;
    }

    private void Adapt(double ratio)
    {
        var isTrend = ratio > RatioHigh && _run >= TrendLength;
        ProcessNoise = isTrend
            ? Math.Min(ProcessNoise * StepFactor, _firstProcessNoise * BoundFactor)
            : Math.Max(ProcessNoise / StepFactor, Math.Min(ProcessNoise, _firstProcessNoise));
        if (isTrend) return;
        if (ratio > RatioHigh)
            MeasurementNoise = Math.Min(MeasurementNoise * StepFactor, _firstMeasurementNoise * BoundFactor);
        else if (ratio < RatioLow)
            MeasurementNoise = Math.Max(MeasurementNoise / StepFactor, _firstMeasurementNoise / BoundFactor);
    }
}
