import QtQuick
import Quern.Ui

// A bar from 0 to 1; a `value` below 0 says that something is going on and nobody knows how far it is.
Rectangle {
    id: meter

    property real value: 0
    property color fill: Colors.accent
    property string name

    implicitWidth: 96
    implicitHeight: 4
    radius: 2
    color: Colors.pressed
    clip: true

    Accessible.role: Accessible.ProgressBar
    Accessible.name: name

    Rectangle {
        id: bar

        height: parent.height
        width: meter.value < 0 ? meter.width * 0.3 : meter.width * Math.min(1, meter.value)
        radius: 2
        color: meter.fill

        NumberAnimation on x {
            running: meter.visible && meter.value < 0
            loops: Animation.Infinite
            from: -meter.width * 0.3
            to: meter.width
            duration: 1100
            onRunningChanged: if (!running) bar.x = 0
        }
    }
}
