using System.Globalization;
using System.Text;
using System.Xml;

namespace Hyperscale.Det.Sim.Studies;

/// <summary>One group of bars.</summary>
/// <param name="Values">One a series; null leaves its place empty.</param>
public sealed record BarGroup(string Name, IReadOnlyList<double?> Values);

/// <summary>Bars in groups over one axis.</summary>
/// <param name="IsLogarithmic">By powers of ten; what is not above zero has no height.</param>
/// <param name="Goal">Where a line says what is aimed at; null for none.</param>
public sealed record BarPanel(
    string Title, bool IsLogarithmic, string Format, double? Goal, IReadOnlyList<BarGroup> Groups);

/// <summary>Draws grouped bars, panel under panel, as SVG.</summary>
public sealed class BarChart
{
    private const int Width = 960;
    private const int PanelHeight = 230;
    private const int Left = 70;
    private const int Top = 64;
    private const int BarsTop = 34;
    private const int BarsHeight = 150;

    // Of Okabe and Ito, told apart by people who do not see all colours.
    private static readonly string[] Colours = ["#999999", "#e69f00", "#56b4e9", "#0072b2"];

    private readonly XmlWriter _xml;

    private BarChart(XmlWriter xml) => _xml = xml;

    public static string Draw(string title, IReadOnlyList<string> series, IReadOnlyList<BarPanel> panels)
    {
        var text = new StringBuilder();
        var settings = new XmlWriterSettings
        {
            Indent = true,
            NewLineChars = "\n",
            OmitXmlDeclaration = true,
        };
        using (var xml = XmlWriter.Create(text, settings)) new BarChart(xml).Write(title, series, panels);
        return text.Append('\n').ToString();
    }

    private void Write(string title, IReadOnlyList<string> series, IReadOnlyList<BarPanel> panels)
    {
        var height = Top + (panels.Count * PanelHeight);
        _xml.WriteStartElement("svg", "http://www.w3.org/2000/svg");
        _xml.WriteAttributeString("viewBox", $"0 0 {Width} {height}");
        _xml.WriteAttributeString("width", $"{Width}");
        _xml.WriteAttributeString("height", $"{height}");
        _xml.WriteAttributeString("font-family", "sans-serif");
        _xml.WriteElementString("title", title);
        Box(0, 0, Width, height, "#ffffff");
        Text(Left, 24, title, 16, "start");
        for (var i = 0; i < series.Count; i++)
        {
            Box(Left + (i * 150), 36, 12, 12, Colours[i]);
            Text(Left + (i * 150) + 18, 46, series[i], 12, "start");
        }

        for (var i = 0; i < panels.Count; i++) Panel(panels[i], Top + (i * PanelHeight));
        _xml.WriteEndElement();
    }

    private void Panel(BarPanel panel, double top)
    {
        Text(Left, top + 14, panel.Title, 13, "start");
        var axis = Axis.Of(panel);
        foreach (var tick in axis.Ticks) Tick(axis, tick, top);
        var each = (Width - Left - 20.0) / panel.Groups.Count;
        for (var i = 0; i < panel.Groups.Count; i++) Group(panel, i, Left + (i * each), each, top, axis);
        if (panel.Goal is not { } goal) return;
        var at = top + BarsTop + axis.Below(goal);
        Line(Left, at, Width - 20, at, "#d55e00", "6 3");
        Text(Width - 22, at - 3, $"goal: below {Number(goal, "0.##")}", 10, "end");
    }

    private void Tick(Axis axis, double tick, double top)
    {
        var at = top + BarsTop + axis.Below(tick);
        Line(Left, at, Width - 20, at, "#dddddd", null);
        Text(Left - 6, at + 4, Number(tick, "0.##"), 10, "end");
    }

    private void Group(BarPanel panel, int index, double left, double each, double top, Axis axis)
    {
        var (name, values) = panel.Groups[index];
        var width = each * 0.8 / values.Count;
        for (var i = 0; i < values.Count; i++)
        {
            if (values[i] is not { } value) continue;
            var (x, below) = (left + (each * 0.1) + (i * width), axis.Below(value));
            Box(x, top + BarsTop + below, width - 2, BarsHeight - below, Colours[i]);
            Text(
                x + (width / 2) - 1, top + BarsTop + below - 3, Number(value, panel.Format), 9, "middle");
        }

        Text(left + (each / 2), top + BarsTop + BarsHeight + 16, name, 12, "middle");
    }

    private void Box(double x, double y, double width, double height, string colour)
    {
        _xml.WriteStartElement("rect");
        Attribute("x", x);
        Attribute("y", y);
        Attribute("width", width);
        Attribute("height", height);
        _xml.WriteAttributeString("fill", colour);
        _xml.WriteEndElement();
    }

    private void Line(double x1, double y1, double x2, double y2, string colour, string? dashes)
    {
        _xml.WriteStartElement("line");
        Attribute("x1", x1);
        Attribute("y1", y1);
        Attribute("x2", x2);
        Attribute("y2", y2);
        _xml.WriteAttributeString("stroke", colour);
        if (dashes is not null) _xml.WriteAttributeString("stroke-dasharray", dashes);
        _xml.WriteEndElement();
    }

    private void Text(double x, double y, string text, int size, string anchor)
    {
        _xml.WriteStartElement("text");
        Attribute("x", x);
        Attribute("y", y);
        _xml.WriteAttributeString("font-size", $"{size}");
        _xml.WriteAttributeString("text-anchor", anchor);
        _xml.WriteString(text);
        _xml.WriteEndElement();
    }

    private void Attribute(string name, double value) =>
        _xml.WriteAttributeString(name, Number(value, "0.#"));

    private static string Number(double value, string format) =>
        value.ToString(format, CultureInfo.InvariantCulture);

    /// <param name="Low">At the bottom of the bars.</param>
    /// <param name="High">At their top.</param>
    private sealed record Axis(double Low, double High, bool IsLogarithmic, IReadOnlyList<double> Ticks)
    {
        public static Axis Of(BarPanel panel)
        {
            var values = panel.Groups.SelectMany(group => group.Values).OfType<double>().ToList();
            if (panel.Goal is { } goal) values.Add(goal);
            var most = values.DefaultIfEmpty(1).Max();
            if (!panel.IsLogarithmic) return Linear(most);
            return Logarithmic(values.Where(value => value > 0).DefaultIfEmpty(1).Min(), most);
        }

        /// <summary>How far under the top a value is.</summary>
        public double Below(double value)
        {
            var part = IsLogarithmic ? Math.Log10(value / Low) / Math.Log10(High / Low) : value / High;
            return BarsHeight * (1 - Math.Clamp(part, 0, 1));
        }

        private static Axis Logarithmic(double least, double most)
        {
            // A tenth below the least, so that its bar is seen.
            var (low, high) = (1.0, 10.0);
            while (low >= least) low /= 10;
            while (low * 10 < least) low *= 10;
            while (high < most) high *= 10;
            var ticks = new List<double>();
            for (var tick = low; tick <= high * 1.001; tick *= 10) ticks.Add(tick);
            return new Axis(low, high, true, ticks);
        }

        private static Axis Linear(double most)
        {
            var step = 0.001;
            // 1, 2, 5, 10 and so on.
            for (var i = 0; step * 6 < most; i++) step *= i % 3 == 1 ? 2.5 : 2;
            var count = Math.Max(1, (int)Math.Ceiling(most / step));
            var ticks = Enumerable.Range(0, count + 1).Select(i => i * step);
            return new Axis(0, step * count, false, [.. ticks]);
        }
    }
}
