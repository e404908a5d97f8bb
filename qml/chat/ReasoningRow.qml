import QtQuick
import Quern.App
import Quern.Ui

// What the model thought before it answered, folded away until it is asked for.
// Qt 6.4 makes no bound component in a Loader, so what its components reach looks unqualified.
// qmllint disable unqualified
ReadingColumn {
    id: row

    required property string text
    required property bool isReasoning

    property bool unfolded: false

    space: Spacing.large

    TextButton {
        id: fold

        objectName: "foldReasoning"
        x: -Spacing.small
        quiet: true
        symbol: row.unfolded ? "chevron-down" : "chevron-right"
        text: row.isReasoning ? qsTr("Thinking…") : qsTr("Thought about it")
        palette.buttonText: Colors.mutedText
        Accessible.description: row.unfolded ? qsTr("Hide the reasoning") : qsTr("Show the reasoning")
        onClicked: row.unfolded = !row.unfolded
    }

    Rectangle {
        visible: row.unfolded
        anchors.top: fold.bottom
        anchors.topMargin: Spacing.tiny
        width: 3
        height: visible ? thought.height : 0
        radius: 1.5
        color: Colors.border
    }

    Loader {
        id: thought

        active: row.unfolded
        x: Spacing.large
        anchors.top: fold.bottom
        anchors.topMargin: Spacing.tiny
        width: parent.width - x

        sourceComponent: Passage {
            id: passage

            textFormat: TextEdit.PlainText
            color: Colors.mutedText
            font.pixelSize: Fonts.body
            plain: row.text

            property DocumentText content: DocumentText {
                document: passage.textDocument
                text: row.text
            }
        }
    }
}
