using System.Text;
using Spectre.Console;

namespace Hyperscale.Det.Shell.Cli.Views;

/// <summary>A table before it is drawn: for a terminal with lines around it, for everything else as aligned
/// text that tools can read.</summary>
internal sealed class Sheet(IReadOnlyList<SheetColumn> columns, IEnumerable<IReadOnlyList<string>> rows)
{
    private const string Gap = "  ";

    private readonly List<IReadOnlyList<string>> _rows =
        [.. rows.Select(row => row.Select(Figures.Clean).ToList())];

    /// <summary>Aligned columns, one line a row, without trailing blanks.</summary>
    public string ToPlainText()
    {
        var lines = _rows.Prepend([.. columns.Select(column => column.Title)]).ToList();
        var widths = columns.Select((_, i) => lines.Max(row => row[i].Length)).ToList();
        var text = new StringBuilder();
        foreach (var row in lines)
        {
            var cells = row.Select((cell, i) =>
                columns[i].IsNumber ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]));
            text.Append(string.Join(Gap, cells).TrimEnd()).Append('\n');
        }

        return text.ToString();
    }

    public Table ToTable()
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey);
        foreach (var column in columns)
        {
            var drawn = new TableColumn(new Text(column.Title, new Style(decoration: Decoration.Bold)));
            table.AddColumn(column.IsNumber ? drawn.RightAligned().NoWrap() : drawn);
        }

        foreach (var row in _rows) table.AddRow(row.Select(cell => new Text(cell, Tint.Of(cell))));
        return table;
    }
}

internal sealed record SheetColumn(string Title, bool IsNumber = false);
