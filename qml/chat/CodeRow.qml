import QtQuick
import QtQuick.Controls
import Quern.App
import Quern.Ui

// A block of code: its language, a button that copies it, and the code, which scrolls sideways.
ReadingColumn {
    id: row

    required property ChatSession session
    required property string text
    required property string language
    required property int listDepth

    space: Spacing.medium

    Rectangle {
        x: row.listDepth * Spacing.huge
        width: parent.width - x
        height: header.height + body.height
        radius: Spacing.radius
        color: Colors.codeSurface
        border.width: 1
        border.color: Colors.border

        Item {
            id: header

            width: parent.width
            height: 36

            Label {
                anchors.left: parent.left
                anchors.leftMargin: Spacing.large
                anchors.verticalCenter: parent.verticalCenter
                text: row.language || qsTr("text")
                color: Colors.mutedText
                font.pixelSize: Fonts.small
            }

            TextButton {
                id: copyButton

                property bool copied: false

                objectName: "copyCode"
                anchors.right: parent.right
                anchors.rightMargin: Spacing.tiny
                anchors.verticalCenter: parent.verticalCenter
                implicitHeight: 28
                quiet: true
                font.pixelSize: Fonts.small
                symbol: copied ? "check" : "copy"
                text: copied ? qsTr("Copied") : qsTr("Copy")
                Accessible.name: qsTr("Copy code")
                onClicked: {
                    row.session.copyText(row.text);
                    copied = true;
                    reset.restart();
                }

                Timer {
                    id: reset

                    interval: 1500
                    onTriggered: copyButton.copied = false
                }
            }
        }

        Flickable {
            id: body

            y: header.height
            width: parent.width
            height: code.implicitHeight + Spacing.medium + (sideways.visible ? sideways.height : 0)
            contentWidth: code.implicitWidth + 2 * Spacing.large
            contentHeight: height
            flickableDirection: Flickable.HorizontalFlick
            boundsBehavior: Flickable.StopAtBounds
            interactive: contentWidth > width
            clip: true

            ScrollBar.horizontal: ScrollBar {
                id: sideways

                policy: body.interactive ? ScrollBar.AlwaysOn : ScrollBar.AlwaysOff
                visible: body.interactive
            }

            Passage {
                id: code

                x: Spacing.large
                textFormat: TextEdit.PlainText
                wrapMode: TextEdit.NoWrap
                font.family: Fonts.code
                font.pixelSize: 13
                plain: ""
                Accessible.name: qsTr("Code: %1").arg(row.text)
            }
        }
    }

    DocumentText {
        document: code.textDocument
        text: row.text
    }

    CodeHighlighter {
        target: code.textDocument
        language: row.language
        keywordColor: Colors.codeKeyword
        stringColor: Colors.codeString
        commentColor: Colors.codeComment
        numberColor: Colors.codeNumber
        functionColor: Colors.codeFunction
    }
}
