pragma Singleton
import QtQuick
import Quern.Ui

// The style sheet of rich text in messages; Qt's rich text takes colours from nowhere else.
QtObject {
    readonly property string sheet: "<style>a{color:" + Colors.link + ";text-decoration:none}"
        + "code{font-family:JetBrains Mono;font-size:13px;background-color:" + Colors.inlineCode + "}"
        + "p{margin:0;line-height:145%}"
        + "table{border-collapse:collapse;border-width:1px;border-style:solid;border-color:" + Colors.border + "}"
        + "th{font-weight:600}</style>"

    function paragraph(html: string): string {
        return sheet + "<p>" + html + "</p>";
    }
}
