pragma Singleton
import QtQuick

// Every colour of the program, by purpose. `dark` is set once, by the window.
QtObject {
    property bool dark: false

    readonly property color page: dark ? "#1c1b1a" : "#ffffff"
    readonly property color sideBar: dark ? "#151413" : "#f6f5f3"
    readonly property color surface: dark ? "#292826" : "#f1efec"
    readonly property color raised: dark ? "#242321" : "#ffffff"
    readonly property color hover: dark ? "#302e2c" : "#e9e6e2"
    readonly property color pressed: dark ? "#3a3835" : "#dedad4"
    readonly property color border: dark ? "#3a3835" : "#dfdbd5"
    readonly property color strongBorder: dark ? "#7d7972" : "#8f8a82"

    readonly property color text: dark ? "#eceae6" : "#1c1b19"
    readonly property color mutedText: dark ? "#a8a49c" : "#66625b"

    readonly property color accent: dark ? "#3fc1ae" : "#0f766e"
    readonly property color accentText: dark ? "#06211e" : "#ffffff"
    readonly property color accentSurface: dark ? "#1d3633" : "#e0f0ee"
    readonly property color link: dark ? "#5ad1c0" : "#0b655e"
    readonly property color selection: dark ? "#2f5e58" : "#b5ddd8"

    readonly property color danger: dark ? "#f59288" : "#b3261e"
    readonly property color dangerSurface: dark ? "#3a2220" : "#fcebe9"
    readonly property color warning: dark ? "#f0b35a" : "#a35206"
    readonly property color warningSurface: dark ? "#382a17" : "#fdf1e0"

    readonly property color codeSurface: dark ? "#151413" : "#f8f7f5"
    readonly property color inlineCode: dark ? "#33312e" : "#efece8"
    readonly property color codeKeyword: dark ? "#d7a6f5" : "#7b2fa0"
    readonly property color codeString: dark ? "#9fd08a" : "#2e6b1f"
    readonly property color codeComment: dark ? "#8f8b83" : "#756f66"
    readonly property color codeNumber: dark ? "#f2b176" : "#9a4a06"
    readonly property color codeFunction: dark ? "#8ab8f2" : "#1a57a8"
}
