import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Quern.App
import Quern.Ui

// Under the input field: how fast the answer comes, and how much of the context the chat has used.
Item {
    id: strip

    required property ChatSession session

    readonly property AnswerRun run: session.run
    readonly property int used: session.current.contextUsed
    readonly property int limit: session.model.contextLength
    readonly property real share: limit > 0 ? used / limit : 0
    readonly property bool nearEnd: share > 0.85

    function count(tokens: int): string { return tokens.toLocaleString(Qt.locale(), "f", 0); }

    implicitHeight: 28

    RowLayout {
        anchors.fill: parent
        anchors.leftMargin: Spacing.tiny
        anchors.rightMargin: Spacing.tiny
        spacing: Spacing.small

        Label {
            objectName: "speed"
            Layout.fillWidth: true
            elide: Text.ElideRight
            text: strip.run.isActive && !strip.session.isAnsweringHere ? qsTr("An answer is being written in another chat")
                : strip.run.state === AnswerRun.Stopping ? qsTr("Stopping")
                : strip.run.state === AnswerRun.Generating ? qsTr("%1 tokens · %2 tokens/s").arg(strip.count(strip.run.tokens)).arg(strip.run.tokensPerSecond.toLocaleString(Qt.locale(), "f", 1))
                : strip.width < 420 ? ""
                : qsTr("Enter sends, Shift+Enter begins a new line")
            color: Colors.mutedText
            font.pixelSize: Fonts.small
        }

        Meter {
            Layout.preferredWidth: 64
            visible: strip.limit > 0 && strip.used > 0
            value: strip.share
            fill: strip.nearEnd ? Colors.warning : Colors.accent
            name: qsTr("Context used")
        }

        Label {
            objectName: "context"
            visible: strip.limit > 0 && strip.used > 0
            text: qsTr("%1 of %2 tokens").arg(strip.count(strip.used)).arg(strip.count(strip.limit))
            color: strip.nearEnd ? Colors.warning : Colors.mutedText
            font.pixelSize: Fonts.small
        }
    }
}
