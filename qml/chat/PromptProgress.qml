import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Quern.App
import Quern.Ui

// How much of the prompt the model has read, while it has not begun to answer.
RowLayout {
    id: progress

    required property AnswerRun run

    readonly property bool slow: run.promptTotal > 0 && run.promptProgress < 1

    spacing: Spacing.medium

    Rectangle {
        Layout.preferredWidth: 10
        Layout.preferredHeight: 10
        radius: 5
        color: Colors.accent

        SequentialAnimation on opacity {
            running: progress.visible
            loops: Animation.Infinite

            NumberAnimation { from: 1; to: 0.25; duration: 600 }
            NumberAnimation { from: 0.25; to: 1; duration: 600 }
        }
    }

    Label {
        text: progress.slow ? qsTr("Reading the conversation, %1 of %2 tokens").arg(progress.run.promptDone.toLocaleString(Qt.locale(), "f", 0)).arg(progress.run.promptTotal.toLocaleString(Qt.locale(), "f", 0))
                            : qsTr("Reading the conversation")
        color: Colors.mutedText
        font.pixelSize: 13
    }

    Meter {
        Layout.preferredWidth: 120
        visible: progress.slow
        value: progress.run.promptProgress
        name: qsTr("Prompt read")
    }
}
